//! The master key and what is derived from it.
//!
//! The installation has one secret of 256 bits, the master key, in a file or the configuration. By HKDF-SHA256
//! (RFC 5869) each purpose gets a key of its own, so that a value made for one can never pass for another.

use std::fmt;

use aws_lc_rs::{hkdf, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::sealing::Sealer;

/// Bytes of the master key and of every derived one.
const LENGTH: usize = 32;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The text is not 32 bytes in base64 or in hexadecimal digits.
    Format,
    /// All bytes are the same: a placeholder, no secret.
    Weak,
    /// The random source or the library failed.
    Library,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "the master key must be 32 random bytes in base64 or hexadecimal digits",
            Self::Weak => "the master key must be random; all its bytes are the same",
            Self::Library => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for KeyError {}

/// The secret from which all keys of an installation are derived.
pub struct MasterKey(Zeroizing<[u8; LENGTH]>);

/// Shows nothing of the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// Reads the text of a key file: 64 hexadecimal digits, or base64 (standard or URL-safe, padded or not).
    ///
    /// # Errors
    /// [`KeyError::Format`] or [`KeyError::Weak`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let bytes =
            Zeroizing::new(if text.len() == 2 * LENGTH { from_hex(text)? } else { from_base64(text)? });
        let mut key = Zeroizing::new([0; LENGTH]);
        if bytes.len() != LENGTH {
            return Err(KeyError::Format);
        }
        key.copy_from_slice(&bytes);
        if key.iter().all(|byte| Some(byte) == key.first()) {
            return Err(KeyError::Weak);
        }
        Ok(Self(key))
    }

    /// The text of a new random key, for a key file.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn generate() -> Result<Zeroizing<String>, KeyError> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Library)?;
        Ok(Zeroizing::new(STANDARD.encode(bytes.as_slice())))
    }

    fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; LENGTH]>, KeyError> {
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guanxi").extract(self.0.as_slice());
        let mut derived = Zeroizing::new([0; LENGTH]);
        key.expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(derived.as_mut_slice()))
            .map_err(|_| KeyError::Library)?;
        Ok(derived)
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, KeyError> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = Zeroizing::new(digits.ok_or(KeyError::Format)?);
    Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn from_base64(text: &str) -> Result<Vec<u8>, KeyError> {
    let bare = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).map_err(|_| KeyError::Format)
}

/// The keys of an installation, one for each purpose.
pub struct Keys {
    cursor: Sealer,
    hash: hmac::Key,
    refresh: hmac::Key,
    data: Sealer,
    signing_keys: Sealer,
}

/// Shows nothing of the keys.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Derives the keys.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn new(master: &MasterKey) -> Result<Self, KeyError> {
        let mac = |purpose: &str| {
            master.derive(purpose).map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
        };
        let sealer = |purpose: &str| {
            master.derive(purpose).and_then(|key| Sealer::new(&key).map_err(|_| KeyError::Library))
        };
        Ok(Self {
            cursor: sealer("cursor")?,
            hash: mac("keyed_hash")?,
            refresh: mac("refresh_token")?,
            data: sealer("encryption")?,
            signing_keys: sealer("token")?,
        })
    }

    /// Seals the cursors of lists.
    pub fn cursor(&self) -> &Sealer {
        &self.cursor
    }

    /// Seals sensitive columns.
    pub fn data(&self) -> &Sealer {
        &self.data
    }

    /// Seals the private keys of access tokens.
    pub fn signing_keys(&self) -> &Sealer {
        &self.signing_keys
    }

    /// The blind index of a sensitive value: it finds equal values and tells nothing to those without the key.
    /// `purpose` (such as `phone`, `phone_tail`, `identity`) keeps equal texts of different meaning apart.
    pub fn keyed_hash(&self, purpose: &str, value: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.hash);
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(value.as_bytes());
        to_array(&context.sign())
    }

    /// The refresh token of a session's generation: 256 bits in base64url, to be had again by nobody but the server.
    /// Only [`super::tokens::token_hash`] of it is stored.
    pub fn refresh_token(&self, session: Uuid, generation: i64) -> String {
        let mut context = hmac::Context::with_key(&self.refresh);
        context.update(session.as_bytes());
        context.update(&generation.to_be_bytes());
        URL_SAFE_NO_PAD.encode(to_array(&context.sign()))
    }
}

fn to_array(tag: &hmac::Tag) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(tag.as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::new(&MasterKey::from_text(text).unwrap()).unwrap()
    }

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn reads_key_files() {
        let bytes: Vec<u8> = (0..32).collect();
        for text in
            [HEX, &format!("  {HEX}\n"), BASE64, BASE64.trim_end_matches('='), &format!("{BASE64}\r\n")]
        {
            assert_eq!(MasterKey::from_text(text).unwrap().0.as_slice(), bytes, "{text}");
        }
        assert!(MasterKey::from_text(&format!("-{}8", "_".repeat(41))).is_ok());
        for bad in ["", "abc", &HEX[1..], &format!("{HEX}00"), &HEX.replace('0', "g"), &BASE64[4..], "中"] {
            assert_eq!(MasterKey::from_text(bad).unwrap_err(), KeyError::Format, "{bad}");
        }
        assert_eq!(MasterKey::from_text(&"00".repeat(32)).unwrap_err(), KeyError::Weak);
        assert_eq!(MasterKey::from_text(&"ab".repeat(32)).unwrap_err(), KeyError::Weak);
    }

    #[test]
    fn generated_keys_differ_and_read_back() {
        let (a, b) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
        assert_ne!(a, b);
        assert!(MasterKey::from_text(&a).is_ok());
    }

    #[test]
    fn nothing_is_shown() {
        let master = MasterKey::from_text(HEX).unwrap();
        assert_eq!(format!("{master:?} {:?}", Keys::new(&master).unwrap()), "MasterKey Keys");
    }

    #[test]
    fn every_purpose_has_its_own_key() {
        let master = MasterKey::from_text(HEX).unwrap();
        let purposes = ["cursor", "keyed_hash", "refresh_token", "encryption", "token"];
        let derived: BTreeSet<[u8; 32]> =
            purposes.iter().map(|purpose| *master.derive(purpose).unwrap()).collect();
        assert_eq!(derived.len(), purposes.len());
        assert!(!derived.contains(&*master.0));
    }

    #[test]
    fn derived_values_stay_the_same() {
        // Stored hashes depend on these (made apart from this code by RFC 5869 and RFC 2104): with others every phone
        // and identity number would be lost.
        let hash = keys(HEX).keyed_hash("phone", "+8613800005678");
        assert_eq!(hash, keys(BASE64).keyed_hash("phone", "+8613800005678"));
        assert_eq!(STANDARD.encode(hash), "DCvKvvN/oXVq0mrZqQIuhP+L3CcAP77KKgDhv9M5S3k=");
        assert_eq!(keys(HEX).refresh_token(Uuid::nil(), 1), "0cUKZgs-4_FQ9ppc3Np-3vTI6hXi9YPuHH2HfmVNgdM");
    }

    proptest! {
        #[test]
        fn hashes_keep_purposes_and_values_apart(a in "[a-z]{0,6}", b in "[a-z]{0,6}", c in "[a-z]{0,6}", d in "[a-z]{0,6}") {
            let keys = keys(HEX);
            prop_assert_eq!(keys.keyed_hash(&a, &b) == keys.keyed_hash(&c, &d), (a, b) == (c, d));
        }

        #[test]
        fn refresh_tokens_differ(a in any::<u128>(), b in any::<u128>(), i in any::<i64>(), j in any::<i64>()) {
            let keys = keys(HEX);
            let token = keys.refresh_token(Uuid::from_u128(a), i);
            prop_assert_eq!(token.len(), 43);
            prop_assert_eq!(token == keys.refresh_token(Uuid::from_u128(b), j), (a, i) == (b, j));
        }

        #[test]
        fn reading_never_panics(text in any::<String>()) {
            let _ = MasterKey::from_text(&text);
        }
    }
}
