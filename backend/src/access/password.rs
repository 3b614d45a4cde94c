//! Passwords: which are taken, how they are kept and checked.
//!
//! They are kept as Argon2id hashes (RFC 9106) in PHC format. A hash takes 150 to 250 ms of one core by design: callers
//! run at most as many at once as there are cores, and outside of any transaction.

use std::fmt;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use aws_lc_rs::rand;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::text::Broken;

/// Fewest characters (above the 8 that NIST SP 800-63B and ASVS 5 demand).
pub const MIN_LENGTH: usize = 12;
/// Most characters.
pub const MAX_LENGTH: usize = 128;
/// Of zxcvbn's scores 0 to 4 the least that is taken: more than 10^8 guesses.
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Three;
const SALT_LENGTH: usize = 16;

/// What an Argon2id hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

impl Parameters {
    /// The least that is used: OWASP's recommendation, and the default of the library.
    pub const FLOOR: Self = Self { memory_kib: 19_456, iterations: 2, parallelism: 1 };
    /// Most memory of one hash: a server that hashes on two cores beside an import stays below 150 MiB.
    const MOST_MEMORY_KIB: u32 = 32_768;

    fn is_below(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib
            || self.iterations < other.iterations
            || self.parallelism < other.parallelism
    }

    /// Parameters with which a hash takes about 200 ms, at least [`Self::FLOOR`]. `measure` makes a hash with given
    /// parameters and says how long it took; it is called at most four times.
    pub fn calibrate(mut measure: impl FnMut(Self) -> Duration) -> Self {
        let mut parameters = Self::FLOOR;
        for _ in 0..4 {
            let taken = measure(parameters).max(Duration::from_millis(1));
            let too_slow = taken > Duration::from_millis(250) && parameters != Self::FLOOR;
            if taken >= Duration::from_millis(150) && !too_slow {
                break;
            }
            let work = u64::from(parameters.memory_kib) * u64::from(parameters.iterations);
            let wanted = u128::from(work) * 200_000 / taken.as_micros();
            // Memory first, which costs an attacker more than time.
            let memory = u32::try_from(wanted / u128::from(Self::FLOOR.iterations)).unwrap_or(u32::MAX);
            let memory = memory.clamp(Self::FLOOR.memory_kib, Self::MOST_MEMORY_KIB);
            let iterations =
                u32::try_from((wanted + u128::from(memory / 2)) / u128::from(memory)).unwrap_or(u32::MAX);
            let next = Self {
                memory_kib: memory,
                iterations: iterations.clamp(Self::FLOOR.iterations, 1_000),
                ..Self::FLOOR
            };
            if next == parameters {
                break;
            }
            parameters = next;
        }
        parameters
    }
}

/// A hash could not be made: parameters out of range, no memory, no randomness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordError(String);

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a password could not be hashed: {}", self.0)
    }
}

impl std::error::Error for PasswordError {}

/// Makes and checks hashes with the parameters of an installation.
#[derive(Debug)]
pub struct Passwords {
    parameters: Parameters,
    hasher: Argon2<'static>,
    /// What no password hashes to, checked where there is no user: random, so it costs nothing to make and as much as any to check.
    dummy: PasswordHash,
}

impl Passwords {
    /// A hasher with these parameters.
    ///
    /// # Errors
    /// When they are below [`Parameters::FLOOR`] or the library refuses them.
    pub fn new(parameters: Parameters) -> Result<Self, PasswordError> {
        if parameters.is_below(Parameters::FLOOR) {
            return Err(PasswordError(format!("parameters below {:?}", Parameters::FLOOR)));
        }
        Self::unchecked(parameters)
    }

    fn unchecked(parameters: Parameters) -> Result<Self, PasswordError> {
        let Parameters { memory_kib, iterations, parallelism } = parameters;
        let params = Params::new(memory_kib, iterations, parallelism, None).map_err(failed)?;
        let mut random = [0; SALT_LENGTH + Params::DEFAULT_OUTPUT_LEN];
        rand::fill(&mut random).map_err(failed)?;
        let (salt, output) = random.split_at(SALT_LENGTH);
        let dummy = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(failed)?,
            salt: Some(Salt::new(salt).map_err(failed)?),
            hash: Some(Output::new(output).map_err(failed)?),
        };
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { parameters, hasher, dummy })
    }

    /// The hash of a password, in PHC format with a random salt.
    ///
    /// # Errors
    /// When memory or randomness is missing.
    pub fn hash(&self, password: &str) -> Result<String, PasswordError> {
        self.hash_bytes(normalise(password).as_bytes())
    }

    fn hash_bytes(&self, password: &[u8]) -> Result<String, PasswordError> {
        let mut salt = [0; SALT_LENGTH];
        rand::fill(&mut salt).map_err(failed)?;
        Ok(self.hasher.hash_password_with_salt(password, &salt).map_err(failed)?.to_string())
    }

    /// Whether the password is the one that was hashed. A stored text that is no Argon2id hash fits no password and
    /// takes as long.
    pub fn verify(&self, password: &str, stored: &str) -> bool {
        match parse(stored) {
            Some(hash) => self.hasher.verify_password(normalise(password).as_bytes(), &hash).is_ok(),
            None => self.verify_unknown(password),
        }
    }

    /// Takes as long as [`Self::verify`] for a user that does not exist, so that timing does not tell which do; always
    /// false.
    pub fn verify_unknown(&self, password: &str) -> bool {
        let outcome = self.hasher.verify_password(normalise(password).as_bytes(), &self.dummy);
        std::hint::black_box(outcome.is_ok());
        false
    }

    /// Whether a stored hash was made with other parameters and is to be made anew at the next sign-in.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        let parameters =
            parse(stored).and_then(|hash| Params::try_from(&hash).ok()).map(|params| Parameters {
                memory_kib: params.m_cost(),
                iterations: params.t_cost(),
                parallelism: params.p_cost(),
            });
        parameters != Some(self.parameters)
    }
}

fn failed(error: impl fmt::Display) -> PasswordError {
    PasswordError(error.to_string())
}

fn parse(stored: &str) -> Option<PasswordHash> {
    PasswordHash::new(stored).ok().filter(|hash| hash.algorithm.as_str() == Algorithm::Argon2id.as_str())
}

/// The same text however the keyboard composed it (NIST SP 800-63B §5.1.1.2).
fn normalise(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

/// Whether two texts are one password.
pub fn is_same(one: &str, other: &str) -> bool {
    normalise(one) == normalise(other)
}

/// Whether a new password is taken: [`MIN_LENGTH`] to [`MAX_LENGTH`] characters, not with the username in it, and
/// not easy to guess by zxcvbn's lists of common passwords, names and words, kept in the binary. `known` is what an
/// attacker knows: the person's name, the bank's.
///
/// # Errors
/// `password_too_short` {`min`}, `password_too_long` {`max`}, `password_contains_username`, `password_too_common`.
pub fn check(password: &str, username: &str, known: &[&str]) -> Result<(), Broken> {
    let password = normalise(password);
    let length = password.chars().count();
    if length < MIN_LENGTH {
        return Err(Broken::new("password_too_short").with("min", MIN_LENGTH));
    }
    if length > MAX_LENGTH {
        return Err(Broken::new("password_too_long").with("max", MAX_LENGTH));
    }
    let username = username.trim().to_lowercase();
    if !username.is_empty() && password.to_lowercase().contains(&username) {
        return Err(Broken::new("password_contains_username"));
    }
    let mut inputs = vec!["guanxi", "关系", username.as_str()];
    inputs.extend(known);
    // One character over and over scores well only by its length.
    let few = password.chars().collect::<std::collections::BTreeSet<_>>().len() < 5;
    if few || zxcvbn::zxcvbn(&password, &inputs).score() < LEAST_SCORE {
        return Err(Broken::new("password_too_common"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Far below the floor, for speed.
    fn quick() -> Passwords {
        Passwords::unchecked(Parameters { memory_kib: 64, iterations: 1, parallelism: 1 }).unwrap()
    }

    #[test]
    fn hashes_with_the_floor() {
        let passwords = Passwords::new(Parameters::FLOOR).unwrap();
        let hash = passwords.hash("correct horse battery staple").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery staple", &hash));
        assert!(!passwords.verify("correct horse battery stapler", &hash));
        assert!(!passwords.needs_rehash(&hash));
        assert!(!passwords.verify_unknown("correct horse battery staple"));
        assert!(!format!("{passwords:?}").contains("correct"));
    }

    #[test]
    fn refuses_cheap_parameters() {
        for cheap in [
            Parameters { memory_kib: 19_455, ..Parameters::FLOOR },
            Parameters { iterations: 1, ..Parameters::FLOOR },
            Parameters { parallelism: 0, ..Parameters::FLOOR },
        ] {
            assert!(Passwords::new(cheap).is_err(), "{cheap:?}");
        }
    }

    #[test]
    fn rehashes_what_is_cheaper_or_foreign() {
        let passwords = quick();
        let hash = passwords.hash("secret").unwrap();
        assert!(!passwords.needs_rehash(&hash));
        let dearer =
            Passwords::unchecked(Parameters { memory_kib: 128, iterations: 1, parallelism: 1 }).unwrap();
        assert!(dearer.needs_rehash(&hash));
        // A hash is checked by its own parameters.
        assert!(dearer.verify("secret", &hash));
        for foreign in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", &hash.replace("argon2id", "argon2i")] {
            assert!(passwords.needs_rehash(foreign), "{foreign}");
            assert!(!passwords.verify("secret", foreign), "{foreign}");
        }
    }

    #[test]
    fn composition_does_not_matter() {
        let passwords = quick();
        let hash = passwords.hash("Zoe\u{308} und die Pfanne").unwrap();
        assert!(passwords.verify("Zo\u{eb} und die Pfanne", &hash));
        assert_ne!(passwords.hash("same").unwrap(), passwords.hash("same").unwrap());
    }

    #[test]
    fn calibrates_to_the_machine() {
        let calibrate = |floor_micros: u64| {
            let mut measured = Vec::new();
            let parameters = Parameters::calibrate(|parameters| {
                let work = u64::from(parameters.memory_kib) * u64::from(parameters.iterations);
                let taken = Duration::from_micros(floor_micros * work / (19_456 * 2));
                measured.push(taken);
                taken
            });
            (parameters, measured)
        };
        // A machine on which the floor is slow enough, or too slow, keeps it.
        assert_eq!(calibrate(160_000).0, Parameters::FLOOR);
        assert_eq!(calibrate(900_000).0, Parameters::FLOOR);
        for floor_micros in [5_000, 20_000, 40_000, 75_000, 120_000] {
            let (parameters, measured) = calibrate(floor_micros);
            assert!(!parameters.is_below(Parameters::FLOOR) && parameters.memory_kib <= 32_768);
            let last = measured.last().unwrap().as_millis();
            assert!((150..=250).contains(&last), "{floor_micros}: {parameters:?} {measured:?}");
        }
        assert!(calibrate(0).1.len() <= 4);
    }

    #[test]
    fn strength() {
        let code = |password: &str| {
            check(password, "zhangsan", &["张三", "Bank of Example"]).err().map(|broken| broken.code)
        };
        for good in
            ["correct horse battery", "xK9#mQ2$vL7p", "三点水旁边的木头桌子很高", "tundra-violet-93-quartz"]
        {
            assert_eq!(code(good), None, "{good}");
        }
        assert_eq!(code("xK9#mQ2$vL7"), Some("password_too_short"));
        assert_eq!(code(&"xK9#mQ2$vL7p".repeat(11)), Some("password_too_long"));
        assert_eq!(code("ZhangSan-tundra-violet"), Some("password_contains_username"));
        for common in [
            "passwordpassword",
            "123456789012",
            "qwertyuiopas",
            "password1234",
            "aaaaaaaaaaaaaaaaaaaa",
            "abababababababab",
            "guanxiguanxi",
            "bank of example",
            "p@ssw0rd1234",
            "iloveyou1234",
            "20261122112233",
        ] {
            assert_eq!(code(common), Some("password_too_common"), "{common}");
        }
        assert_eq!(check("short", "", &[]).unwrap_err().to_string(), "password_too_short min=12");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn only_the_password_fits(password in any::<String>(), other in any::<String>()) {
            let passwords = quick();
            let hash = passwords.hash(&password).unwrap();
            prop_assert!(passwords.verify(&password, &hash));
            prop_assert_eq!(passwords.verify(&other, &hash), *normalise(&other) == *normalise(&password));
            let _ = passwords.verify(&password, &other);
            let _ = check(&password, &other, &[]);
        }
    }
}
