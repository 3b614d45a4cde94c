//! Encryption of single values at rest: AES-256-GCM, bound to the place where the value stands.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

/// The first byte of what is sealed; another scheme or key gets another one.
const VERSION: u8 = 1;
/// Bytes of the authentication tag.
const TAG_LENGTH: usize = 16;

/// Where a sealed value stands. It opens only there: a cipher copied to another row or column is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a> {
    pub table: &'a str,
    pub column: &'a str,
    /// The primary key of the row.
    pub id: &'a [u8],
}

impl Context<'_> {
    /// Version and parts, each with its length, as associated data.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![VERSION];
        for part in [self.table.as_bytes(), self.column.as_bytes(), self.id] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// The value could not be sealed or opened: another key, another place, damage, or a failure of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sealed value could not be made or opened")
    }
}

impl std::error::Error for SealError {}

/// A key that seals and opens.
///
/// Nonces are random, 96 bits: by NIST SP 800-38D §8.3 one key is good for 2^32 values, far above what an
/// installation writes.
pub struct Sealer(RandomizedNonceKey);

/// Shows nothing of the key.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer with this key.
    ///
    /// # Errors
    /// When the library fails.
    pub fn new(key: &[u8; 32]) -> Result<Self, SealError> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Self).map_err(|_| SealError)
    }

    /// Seals a value: one byte of version, 12 of nonce, the cipher as long as the value, 16 of tag. The same value
    /// gives another result each time.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn seal(&self, plaintext: &[u8], context: &Context<'_>) -> Result<Vec<u8>, SealError> {
        let mut cipher = plaintext.to_vec();
        let aad = Aad::from(context.associated_data());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut cipher).map_err(|_| SealError)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + cipher.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut cipher);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same place.
    ///
    /// # Errors
    /// When it was made with another key, for another place, or has been changed.
    pub fn open(&self, sealed: &[u8], context: &Context<'_>) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError)?;
        let (nonce, cipher) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        if *version != VERSION || cipher.len() < TAG_LENGTH {
            return Err(SealError);
        }
        let mut value = Zeroizing::new(cipher.to_vec());
        let aad = Aad::from(context.associated_data());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, aad, &mut value).map_err(|_| SealError)?.len();
        value.truncate(length);
        Ok(value)
    }

    /// Opens a text.
    ///
    /// # Errors
    /// As [`Self::open`], and when it is not UTF-8.
    pub fn open_text(&self, sealed: &[u8], context: &Context<'_>) -> Result<String, SealError> {
        let value = self.open(sealed, context)?;
        std::str::from_utf8(&value).map(str::to_owned).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32]).unwrap()
    }

    const PLACE: Context<'static> = Context { table: "contact_point", column: "cipher", id: &[1, 2, 3] };

    #[test]
    fn opens_in_its_place_only() {
        let sealed = sealer().seal("+8613800005678".as_bytes(), &PLACE).unwrap();
        assert_eq!(sealed.len(), 1 + 12 + 14 + 16);
        assert_eq!(sealer().open_text(&sealed, &PLACE).unwrap(), "+8613800005678");
        for other in [
            Context { table: "identity_document", ..PLACE },
            Context { column: "note", ..PLACE },
            Context { id: &[1, 2, 4], ..PLACE },
            Context { table: "contact_pointc", column: "ipher", ..PLACE },
        ] {
            assert_eq!(sealer().open(&sealed, &other), Err(SealError), "{other:?}");
        }
        assert_eq!(Sealer::new(&[8; 32]).unwrap().open(&sealed, &PLACE), Err(SealError));
        assert_eq!(format!("{:?}", sealer()), "Sealer");
        let not_text = sealer().seal(&[0xff], &PLACE).unwrap();
        assert_eq!(sealer().open_text(&not_text, &PLACE), Err(SealError));
    }

    proptest! {
        #[test]
        fn round_trip(value in any::<Vec<u8>>(), id in any::<[u8; 16]>()) {
            let place = Context { id: &id, ..PLACE };
            let sealed = sealer().seal(&value, &place).unwrap();
            prop_assert_eq!(&**sealer().open(&sealed, &place).unwrap(), &value[..]);
            prop_assert_ne!(sealer().seal(&value, &place).unwrap(), sealed);
        }

        #[test]
        fn any_changed_bit_fails(position in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let mut sealed = sealer().seal(b"110105194912310021", &PLACE).unwrap();
            let position = position.index(sealed.len());
            sealed[position] ^= 1 << bit;
            prop_assert_eq!(sealer().open(&sealed, &PLACE), Err(SealError));
        }

        #[test]
        fn never_panics(sealed in any::<Vec<u8>>()) {
            prop_assert_eq!(sealer().open(&sealed, &PLACE), Err(SealError));
        }
    }
}
