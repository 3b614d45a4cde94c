use std::sync::Arc;

use actix_web::web;
use tokio::sync::Semaphore;

use crate::access::password::{Parameters, Passwords};
use crate::error::{Code, Error, Result};

/// Hashes that may wait for a core; more are refused, so that signing in cannot take the server down.
const WAITING: usize = 64;

/// Hashes and checks passwords, as many at once as there are cores, away from the threads that answer requests.
#[derive(Debug)]
pub struct Hasher {
    passwords: Arc<Passwords>,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// What a check of a password found.
#[derive(Debug)]
pub struct Checked {
    pub right: bool,
    /// A hash by today's parameters, if the stored one was made with others.
    pub better_hash: Option<String>,
}

impl Hasher {
    /// # Errors
    /// When the parameters are below the floor.
    pub fn new(parameters: Parameters, cores: usize) -> Result<Self> {
        Ok(Hasher {
            passwords: Arc::new(Passwords::new(parameters).map_err(Error::internal)?),
            places: Arc::new(Semaphore::new(cores.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING)),
        })
    }

    /// Checks a password; without a stored hash it takes as long and is wrong.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn check(&self, password: String, stored: Option<String>) -> Result<Checked> {
        self.run(move |passwords| {
            let Some(stored) = stored else {
                passwords.verify_unknown(&password);
                return Ok(Checked { right: false, better_hash: None });
            };
            let right = passwords.verify(&password, &stored);
            let better_hash = if right && passwords.needs_rehash(&stored) {
                Some(passwords.hash(&password).map_err(Error::internal)?)
            } else {
                None
            };
            Ok(Checked { right, better_hash })
        })
        .await
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move |passwords| passwords.hash(&password).map_err(Error::internal)).await
    }

    /// [`Hasher::hash`] for command-line tools.
    ///
    /// # Errors
    /// When the library fails.
    pub fn hash_blocking(&self, password: &str) -> Result<String> {
        self.passwords.hash(password).map_err(Error::internal)
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Passwords) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let overloaded = || Error::new(Code::Overloaded).with_header("Retry-After", 2);
        let _waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| overloaded())?;
        let _place = Arc::clone(&self.places).acquire_owned().await.map_err(Error::internal)?;
        let passwords = Arc::clone(&self.passwords);
        web::block(move || f(&passwords)).await.map_err(Error::internal)?
    }
}
