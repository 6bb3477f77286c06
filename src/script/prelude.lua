-- What scripts see: Redis's globals, none of which they can change. Runs once in each Lua state.
--
-- Redis patches its Lua for tables that are read-only. Here a script is given empty stand-ins whose metatables
-- lead to the real tables; what would reach around them (`rawset`, `next` ...) is wrapped.
--
-- Functions that scripts call last (`return redis.call(...)`) are the server's own wherever they can fail: a function of
-- Lua would take the place of the script on the stack, and nobody could tell on which line it was.

local server, settings = ...

local error, type, tostring, select, rawget, rawequal = error, type, tostring, select, rawget, rawequal
local pcall, xpcall, next, pairs, ipairs, setmetatable = pcall, xpcall, next, pairs, ipairs, setmetatable
local getmetatable, rawset, loadstring, setfenv = getmetatable, rawset, loadstring, setfenv
local collectgarbage = collectgarbage
local string, table = string, table
local find, gsub, sub, byte, concat = string.find, string.gsub, string.sub, string.byte, table.concat

local READONLY = 'Attempt to modify a readonly table'
-- Lua matches patterns by recursion in C: longer ones could exhaust the stack.
local PATTERN_MAX_BYTES = 8192
local TEXT_MAX_BYTES = 512 * 1024 * 1024

local G = {}          -- the globals
local real = {}       -- the table behind each stand-in

local function stand_in(behind)
  local proxy = {}
  real[proxy] = behind
  return setmetatable(proxy, {
    __index = behind,
    __newindex = function() error(READONLY, 2) end,
  })
end

-- Text of an error as if it had been raised where the script called.
local function tidy(message, source, line)
  if type(message) == 'string' and sub(message, 1, 10) == 'headcount:' then
    local place = source and line and line > 0 and (source .. ':' .. line .. ': ') or ''
    return place .. gsub(message, '^headcount:%d+: ', '', 1)
  end
  return message
end

local function refuse(text)
  error({ err = 'ERR ' .. text }, 0)
end

-- What the server raises, Lua sees as an opaque object: the value is fetched when it is caught.
local function caught(failure)
  if type(failure) == 'userdata' then
    local raised = server.raised()
    if raised ~= nil then return raised end
  end
  return failure
end

local function unless_readonly(f)
  return function(t, ...)
    if real[t] then error(READONLY, 0) end
    return f(t, ...)
  end
end

-- The base library ------------------------------------------------------------------------------

for _, name in ipairs({
  'assert', 'error', 'ipairs', 'rawequal', 'select', 'tonumber', 'tostring', 'type', 'unpack',
  '_VERSION', 'gcinfo',
}) do
  G[name] = _G[name]
end

local function outcome(ok, failure, ...)
  if ok then return true, failure, ... end
  failure = caught(failure)
  if type(failure) ~= 'table' then return false, tidy(failure) end
  local text = failure.err
  if type(text) == 'string' or type(text) == 'number' then return false, text end
  return false, failure, text
end

function G.pcall(...) return outcome(pcall(...)) end

function G.xpcall(f, handle)
  return xpcall(f, function(failure) return handle(caught(failure)) end)
end

function G.next(t, key)
  return next(real[t] or t, key)
end

function G.pairs(t)
  if real[t] then return G.next, t, nil end
  return pairs(t)
end

function G.rawget(t, key) return rawget(real[t] or t, key) end

G.rawset = unless_readonly(rawset)
G.setmetatable = unless_readonly(setmetatable)

local string_meta
local globals_meta

function G.getmetatable(value)
  if type(value) == 'string' then return string_meta end
  if real[value] then return value == G._G and globals_meta or nil end
  return getmetatable(value)
end

-- What is collected and when is the server's affair.
function G.collectgarbage(option, argument)
  if option == nil or option == 'collect' or option == 'count' or option == 'step' then
    return collectgarbage(option, argument)
  end
  return 0
end

local environment

function G.loadstring(text, name)
  if type(text) == 'string' and byte(text) == 27 then
    return nil, 'precompiled code is not loaded'
  end
  local f, failure = loadstring(text, name)
  if not f then return nil, failure end
  return setfenv(f, environment)
end

function G.load(reader, name)
  if type(reader) ~= 'function' then
    error("bad argument #1 to 'load' (function expected, got " .. type(reader) .. ')', 2)
  end
  local pieces = {}
  while true do
    local piece = reader()
    if piece == nil or piece == '' then break end
    if type(piece) ~= 'string' then return nil, 'reader function must return a string' end
    pieces[#pieces + 1] = piece
  end
  return G.loadstring(concat(pieces), name or '=(load)')
end

-- Libraries --------------------------------------------------------------------------------------

local function copy(library)
  local copied = {}
  for name, value in pairs(library) do copied[name] = value end
  return copied
end

local strings = copy(string)

local function with_pattern(f)
  return function(text, pattern, ...)
    if type(pattern) == 'string' and #pattern > PATTERN_MAX_BYTES and find(pattern, '[%^%$%*%+%?%.%(%[%%%-]') then
      error('malformed pattern (too long)', 2)
    end
    return f(text, pattern, ...)
  end
end

strings.match = with_pattern(string.match)
strings.gmatch = with_pattern(string.gmatch)
strings.gfind = strings.gmatch
strings.gsub = with_pattern(string.gsub)

function strings.find(text, pattern, init, plain)
  if not plain and type(pattern) == 'string' and #pattern > PATTERN_MAX_BYTES
    and find(pattern, '[%^%$%*%+%?%.%(%[%%%-]') then
    error('malformed pattern (too long)', 2)
  end
  return find(text, pattern, init, plain)
end

local rep = string.rep

-- It works byte by byte, and nothing can stop it meanwhile.
function strings.rep(text, count)
  if type(text) == 'string' and type(count) == 'number' and #text * count > TEXT_MAX_BYTES then
    error('not enough memory', 0)
  end
  return rep(text, count)
end

local tables = copy(table)
tables.insert = unless_readonly(table.insert)
tables.remove = unless_readonly(table.remove)
tables.sort = unless_readonly(table.sort)

function tables.foreach(t, f)
  return table.foreach(real[t] or t, f)
end

local maths = copy(math)

maths.random, maths.randomseed = server.random, server.randomseed

local coroutines = copy(coroutine)
local resume = coroutine.resume

local function resumed(ok, ...)
  if ok then return true, ... end
  return false, caught((...))
end

function coroutines.resume(...) return resumed(resume(...)) end

-- The server -------------------------------------------------------------------------------------

local tell -- the script that runs tells the server something

local redis = {
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
  REDIS_VERSION = settings.version, REDIS_VERSION_NUM = settings.version_number,
}

function redis.error_reply(...)
  local text = ...
  if select('#', ...) ~= 1 or type(text) ~= 'string' then
    return { err = 'ERR wrong number or type of arguments' }
  end
  if sub(text, 1, 1) == '-' then text = sub(text, 2) end
  local space = find(text, ' ', 1, true)
  local code, message = 'ERR', text
  if space then code, message = sub(text, 1, space - 1), sub(text, space + 1) end
  message = gsub((gsub(message, '^[\r\n]+', '')), '[\r\n]+$', '')
  return { err = code .. ' ' .. message }
end

function redis.status_reply(...)
  local text = ...
  if select('#', ...) ~= 1 or type(text) ~= 'string' then
    return { err = 'ERR wrong number or type of arguments' }
  end
  return { ok = text }
end

redis.sha1hex = server.sha1hex

function redis.log(...)
  if select('#', ...) < 2 then refuse('redis.log() requires two arguments or more.') end
  local level = ...
  if type(level) ~= 'number' then refuse('First argument must be a number (log level).') end
  if level < 0 or level > 3 then refuse('Invalid debug level.') end
  local words = {}
  for at = 2, select('#', ...) do
    local word = select(at, ...)
    if type(word) == 'string' or type(word) == 'number' then words[#words + 1] = tostring(word) end
  end
  tell(2, level, concat(words, ' '))
end

function redis.setresp(...)
  if select('#', ...) ~= 1 then refuse('redis.setresp() requires one argument.') end
  local version = ...
  if version ~= 2 and version ~= 3 then refuse('RESP version must be 2 or 3.') end
  tell(1, version)
end

-- What scripts write is always replicated and logged: the effects, as states that merge.
function redis.set_repl(...)
  if select('#', ...) ~= 1 then refuse('redis.set_repl() requires one argument.') end
  local flags = tonumber((...)) or 0
  if flags < 0 or flags > 3 then
    refuse('Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.')
  end
end

function redis.replicate_commands() return true end

-- There is no debugger.
function redis.breakpoint() return false end
function redis.debug() end

-- The globals ------------------------------------------------------------------------------------

G.redis = stand_in(redis)
G.string = stand_in(strings)
G.table = stand_in(tables)
G.math = stand_in(maths)
G.coroutine = stand_in(coroutines)
G.bit = stand_in(server.bit)
G.struct = stand_in(server.struct)

local msgpack = server.cmsgpack
msgpack._NAME = 'cmsgpack'
msgpack._VERSION = 'lua-cmsgpack 0.4.0'
msgpack._COPYRIGHT = 'Copyright (C) 2012, Salvatore Sanfilippo'
msgpack._DESCRIPTION = 'MessagePack C implementation for Lua'
G.cmsgpack = stand_in(msgpack)

local json = server.cjson
json._NAME = 'cjson'
json._VERSION = '2.1.0'
function json.new() return copy(json) end
G.cjson = stand_in(json)

getmetatable('').__index = strings
string_meta = stand_in({ __index = G.string })
globals_meta = stand_in({})

setmetatable(G, {
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
})

environment = stand_in(G)
G._G = environment

-- Running a script -------------------------------------------------------------------------------

local function explain(failure)
  local source, line, short = server.place()
  failure = caught(failure)
  if type(failure) ~= 'table' then
    failure = { err = 'ERR ' .. tostring(tidy(failure, short, line)) }
  end
  if source then
    failure.source, failure.line = source, line
  end
  return failure
end

G.__redis__err__handler = explain

return environment, function(script, keys, arguments, call, try, may_call, inform)
  redis.call, redis.pcall, redis.acl_check_cmd = call, try, may_call
  tell = inform
  G.KEYS, G.ARGV = keys, arguments
  return xpcall(script, explain)
end
