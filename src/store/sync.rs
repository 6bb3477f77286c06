//! The locks and atomics of what threads share in the store. With the feature `model` they are ones
//! whose interleavings `tests/model.rs` chooses; they work only under its scheduler.

#[cfg(not(feature = "model"))]
pub use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(feature = "model"))]
pub use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
#[cfg(not(feature = "model"))]
pub use timed::{read_for, write_for};

#[cfg(feature = "model")]
pub use model::{Mutex, RwLock, read_for, write_for};
#[cfg(feature = "model")]
pub use shuttle::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
#[cfg(feature = "model")]
pub use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

#[cfg(not(feature = "model"))]
mod timed {
    use super::{RwLock, RwLockReadGuard, RwLockWriteGuard};
    use std::time::Duration;

    /// Waits for at most so long.
    pub fn read_for<T>(lock: &RwLock<T>, wait: Duration) -> Option<RwLockReadGuard<'_, T>> {
        lock.try_read_for(wait)
    }

    /// Waits for at most so long.
    pub fn write_for<T>(lock: &RwLock<T>, wait: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        lock.try_write_for(wait)
    }
}

#[cfg(feature = "model")]
mod model {
    use super::{RwLockReadGuard, RwLockWriteGuard};
    use shuttle::sync::MutexGuard;
    use std::sync::PoisonError;
    use std::time::Duration;

    /// A model has no time: it waits.
    pub fn read_for<T>(lock: &RwLock<T>, _wait: Duration) -> Option<RwLockReadGuard<'_, T>> {
        Some(lock.read())
    }

    /// As [`read_for`].
    pub fn write_for<T>(lock: &RwLock<T>, _wait: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        Some(lock.write())
    }

    /// The scheduler's lock with the interface of `parking_lot`'s, which knows no poison.
    #[derive(Debug, Default)]
    pub struct RwLock<T>(shuttle::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub fn new(value: T) -> RwLock<T> {
            RwLock(shuttle::sync::RwLock::new(value))
        }

        pub fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
            self.0.try_read().ok()
        }

        pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
            self.0.try_write().ok()
        }

        pub fn is_locked(&self) -> bool {
            self.0.try_write().is_err()
        }
    }

    /// As [`RwLock`].
    #[derive(Debug, Default)]
    pub struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
        }
    }
}
