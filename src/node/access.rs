//! The users of this node: who is there, what each may do, and what was refused.

use crate::acl::{DEFAULT_USER, Denial, Entry, Log, Reason, User, Users};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

/// A user as its connections know it: what it may do can change while they are there.
pub struct Account {
    pub name: Vec<u8>,
    /// It may do everything: nothing needs to be looked up.
    unrestricted: AtomicBool,
    user: RwLock<Arc<User>>,
}

impl Account {
    fn new(name: &[u8], user: User) -> Account {
        let unrestricted = AtomicBool::new(user.is_unrestricted());
        Account { name: name.to_vec(), unrestricted, user: RwLock::new(Arc::new(user)) }
    }

    /// Whether it may do everything. One look.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.unrestricted.load(Acquire)
    }

    /// What it may do.
    #[must_use]
    pub fn user(&self) -> Arc<User> {
        self.user.read().clone()
    }

    fn replace(&self, user: User) -> Arc<User> {
        let mut current = self.user.write();
        self.unrestricted.store(user.is_unrestricted(), Release);
        std::mem::replace(&mut *current, Arc::new(user))
    }

    /// It is no more; what connections of it still say is refused until they are closed.
    fn retire(&self) {
        self.replace(User::new(false));
    }
}

/// All users, and what was refused to them.
pub struct Access {
    accounts: RwLock<BTreeMap<Vec<u8>, Arc<Account>>>,
    /// Who everybody is at first. Always the same one, whatever its rules.
    default: Arc<Account>,
    /// Whether everybody is let in, as the default user.
    open: AtomicBool,
    log: Mutex<Log>,
    /// How often something was refused, in the order of [`Reason::ALL`].
    denied: [AtomicU64; Reason::ALL.len()],
}

impl Access {
    /// The default user alone, who may do everything, and whose password is that of `requirepass`.
    #[must_use]
    pub fn new(password: Option<&[u8]>) -> Access {
        let default = Arc::new(Account::new(DEFAULT_USER, User::default_user(password)));
        let access = Access {
            accounts: RwLock::new(BTreeMap::from([(DEFAULT_USER.to_vec(), default.clone())])),
            default,
            open: AtomicBool::new(true),
            log: Mutex::default(),
            denied: Default::default(),
        };
        access.note_default();
        access
    }

    /// Who everybody is at first.
    #[must_use]
    pub fn default_account(&self) -> &Arc<Account> {
        &self.default
    }

    /// Whether whoever connects is let in at once.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Relaxed)
    }

    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Arc<Account>> {
        self.accounts.read().get(name).cloned()
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Account>> {
        self.accounts.read().values().cloned().collect()
    }

    /// Makes a user, or another of one that is there: `change` gets what it was. Answers the account, and what it
    /// was.
    ///
    /// # Errors
    /// Those of `change`; nothing has changed.
    pub fn change<E>(
        &self,
        name: &[u8],
        change: impl FnOnce(Option<&User>) -> Result<User, E>,
    ) -> Result<(Arc<Account>, Option<Arc<User>>), E> {
        let mut accounts = self.accounts.write();
        let known = accounts.get(name).cloned();
        let user = change(known.as_ref().map(|account| account.user()).as_deref())?;
        let result = match known {
            Some(account) => {
                let old = account.replace(user);
                (account, Some(old))
            }
            None => {
                let account = Arc::new(Account::new(name, user));
                accounts.insert(name.to_vec(), account.clone());
                (account, None)
            }
        };
        self.note_default();
        Ok(result)
    }

    /// `requirepass` has changed.
    pub fn set_default_password(&self, password: Option<&[u8]>) {
        let mut user = User::clone(&self.default.user());
        user.set_only_password(password);
        self.default.replace(user);
        self.note_default();
    }

    /// Takes a user out; its connections are the caller's to close. The default user stays.
    pub fn remove(&self, name: &[u8]) -> Option<Arc<Account>> {
        let removed =
            (name != DEFAULT_USER).then(|| self.accounts.write().remove(name)).flatten()?;
        removed.retire();
        Some(removed)
    }

    /// Has exactly these users, and the default user besides. Answers those that were there until now.
    pub fn replace_all(&self, mut users: Users) -> Vec<Arc<Account>> {
        let default = users.remove(DEFAULT_USER).unwrap_or_else(|| User::default_user(None));
        let enter = |(name, user): (Vec<u8>, User)| {
            let account = Arc::new(Account::new(&name, user));
            (name, account)
        };
        let mut new: BTreeMap<Vec<u8>, Arc<Account>> = users.into_iter().map(enter).collect();
        new.insert(DEFAULT_USER.to_vec(), self.default.clone());
        let mut accounts = self.accounts.write();
        self.default.replace(default);
        self.note_default();
        let old = std::mem::replace(&mut *accounts, new);
        let gone: Vec<Arc<Account>> =
            old.into_values().filter(|account| !Arc::ptr_eq(account, &self.default)).collect();
        gone.iter().for_each(|account| account.retire());
        gone
    }

    fn note_default(&self) {
        let user = self.default.user();
        self.open.store(user.is_enabled() && user.needs_no_password(), Relaxed);
    }

    /// Notes that something was refused; the log keeps at most `max` entries.
    pub fn refused(&self, denial: Denial, now_ms: u64, max: usize) {
        let at = Reason::ALL.iter().position(|reason| *reason == denial.reason);
        if let Some(count) = at.and_then(|at| self.denied.get(at)) {
            count.fetch_add(1, Relaxed);
        }
        self.log.lock().record(denial, now_ms, max);
    }

    /// How often something was refused for each reason.
    pub fn refusals(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.denied.iter().map(|count| count.load(Relaxed)))
    }

    /// At most `count` entries of the log, the latest first.
    #[must_use]
    pub fn log(&self, count: usize) -> Vec<Entry> {
        self.log.lock().latest(count)
    }

    pub fn clear_log(&self) {
        self.log.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_user_says_who_is_let_in() {
        let access = Access::new(Some(b"secret"));
        assert!(!access.is_open() && access.default_account().is_unrestricted());
        access.set_default_password(None);
        assert!(access.is_open());
        let off = |_: Option<&User>| Ok::<_, ()>(User::new(false));
        assert!(access.change(DEFAULT_USER, off).is_ok());
        assert!(!access.is_open() && !access.default_account().is_unrestricted());
        assert!(access.remove(DEFAULT_USER).is_none());
    }

    #[test]
    fn who_was_removed_may_do_nothing_any_more() {
        let access = Access::new(None);
        let all = |_: Option<&User>| Ok::<_, ()>(User::default_user(None));
        let (ann, old) = access.change(b"ann", all).expect("it does not fail");
        assert!(old.is_none() && ann.is_unrestricted());
        let gone = access.replace_all(Users::new());
        assert!(gone.iter().any(|account| Arc::ptr_eq(account, &ann)) && gone.len() == 1);
        assert!(!ann.is_unrestricted() && access.get(b"ann").is_none());
        assert!(access.default_account().is_unrestricted(), "it is never lost");
    }
}
