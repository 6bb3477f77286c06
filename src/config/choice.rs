//! The directives whose value is one of a few words.

/// An enum whose variants are spelled as in redis.conf; names are matched in any case.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$note])* $variant,)+ }

        impl $name {
            /// Every name, in the order in which error texts list them.
            pub const NAMES: &[&str] = &[$($text),+];

            /// As written in redis.conf and answered by CONFIG GET.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The inverse of `name`, in any case.
            #[must_use]
            pub fn from_name(name: &[u8]) -> Option<$name> {
                [$($name::$variant),+]
                    .into_iter()
                    .find(|choice| choice.name().as_bytes().eq_ignore_ascii_case(name))
            }
        }
    };
}

choice! {
    /// What a write meets when `maxmemory` is reached.
    MaxmemoryPolicy {
        VolatileLru = "volatile-lru",
        VolatileRandom = "volatile-random",
        VolatileTtl = "volatile-ttl",
        AllkeysLru = "allkeys-lru",
        AllkeysRandom = "allkeys-random",
        NoEviction = "noeviction",
    }
}

choice! {
    /// The least severe message that is logged.
    LogLevel {
        Debug = "debug",
        Verbose = "verbose",
        Notice = "notice",
        Warning = "warning",
        Nothing = "nothing",
    }
}

choice! {
    /// When the append-only file reaches the disk.
    AppendFsync {
        EverySec = "everysec",
        Always = "always",
        No = "no",
    }
}

choice! {
    /// Which channels a user may use of whom the rules say nothing about channels.
    PubsubDefault {
        AllChannels = "allchannels",
        ResetChannels = "resetchannels",
    }
}

choice! {
    /// Who may do something dangerous.
    Permission {
        No = "no",
        Yes = "yes",
        /// Only clients on the loopback interface or a Unix socket.
        Local = "local",
    }
}

impl Permission {
    /// Whether a client may, given that it is on this machine or not.
    #[must_use]
    pub fn allows(self, client_is_local: bool) -> bool {
        match self {
            Permission::No => false,
            Permission::Yes => true,
            Permission::Local => client_is_local,
        }
    }
}
