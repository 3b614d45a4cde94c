//! Access tokens: short-lived signed statements of who a request comes from.
//!
//! A token is a JWT (RFC 7519) of the type `at+jwt` (RFC 9068), signed with EdDSA over Ed25519 (RFC 8037) and nothing
//! else. Its key is chosen among our own by `kid`; keys or addresses of keys in the header (`jwk`, `jku`, `x5u`, `x5c`)
//! are not looked at. It holds no role: what its holder may do is looked up at each request, and its epoch tells a
//! token from before a change of password, role or unit.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long a user's access token is good for, in seconds.
pub const LIFETIME_SECONDS: i64 = 10 * 60;
/// A token is good from so many seconds before its issue, for servers whose clocks differ a little.
const CLOCK_DIFFERENCE_SECONDS: i64 = 30;
/// Longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 4_096;
const TYPE: &str = "at+jwt";

/// Why a token or key is not taken. To the client all of them are one 401; the code is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not three parts of base64url, or not JSON, or too long, or `crit`ical extensions.
    Malformed,
    /// Signed with another algorithm, or not at all.
    Algorithm,
    /// Not an access token.
    Type,
    /// Signed with a key that is not ours.
    Key,
    Signature,
    Issuer,
    Audience,
    /// A claim is missing or of another type.
    Claims,
    Expired,
    NotYetValid,
    /// The library failed to make a key or a signature.
    Library,
}

impl TokenError {
    /// The code in logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::Type => "token_type",
            Self::Key => "token_key",
            Self::Signature => "token_signature",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::Claims => "token_claims",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Library => "token_library",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for TokenError {}

/// A private key for signing. It is stored sealed.
pub struct SigningKey {
    kid: String,
    public_key: [u8; 32],
    pkcs8: Zeroizing<Vec<u8>>,
}

/// Shows the key's name only.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`TokenError::Library`].
    pub fn generate() -> Result<Self, TokenError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| TokenError::Library)?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| TokenError::Library)?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// A stored key (PKCS #8, RFC 5958).
    ///
    /// # Errors
    /// [`TokenError::Key`] when it is none.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, TokenError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| TokenError::Key)?;
        let public_key = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| TokenError::Key)?;
        Ok(Self { kid: kid(&public_key), public_key, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// Its name: the thumbprint of the public key (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// The private key, to be sealed.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// The thumbprint of an Ed25519 key: SHA-256 of its required members in lexical order (RFC 7638 §3, RFC 8037 §2).
fn kid(public_key: &[u8; 32]) -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public_key));
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, jwk.as_bytes()))
}

/// The keys in use: one that signs, and those whose tokens are still good.
pub struct TokenKeys {
    kid: String,
    signing: EncodingKey,
    verifying: BTreeMap<String, ([u8; 32], DecodingKey)>,
}

/// Shows the names of the keys only.
impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys")
            .field("signing", &self.kid)
            .field("verifying", &self.verifying.keys())
            .finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// Signs with `current`; takes tokens of it and of the `older` public keys, which retire when the last token that
    /// they signed has expired.
    pub fn new(current: &SigningKey, older: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let keys = older.into_iter().chain([current.public_key]);
        Self {
            kid: current.kid.clone(),
            signing: EncodingKey::from_ed_der(&current.pkcs8),
            verifying: keys.map(|key| (kid(&key), (key, DecodingKey::from_ed_der(&key)))).collect(),
        }
    }

    /// The key set for those who check tokens themselves (RFC 7517).
    pub fn jwks(&self) -> serde_json::Value {
        let keys = self.verifying.iter().map(|(kid, (key, _))| {
            serde_json::json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": URL_SAFE_NO_PAD.encode(key),
                "kid": kid,
                "use": "sig",
                "alg": "EdDSA",
            })
        });
        serde_json::json!({ "keys": keys.collect::<Vec<_>>() })
    }
}

/// Who issues tokens and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Realm<'a> {
    /// The public address of the installation.
    pub issuer: &'a str,
    /// Whom the tokens are for: the API.
    pub audience: &'a str,
}

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The user or client.
    pub subject: Uuid,
    pub session: Uuid,
    /// Raised whenever all tokens so far are to lose their worth.
    pub auth_epoch: i64,
    /// The client that asked, such as the web app.
    pub client_id: &'a str,
}

/// What a token says, once it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    iss: String,
    aud: String,
    /// The user or client.
    #[serde(rename = "sub")]
    pub subject: Uuid,
    #[serde(rename = "sid")]
    pub session: Uuid,
    #[serde(rename = "epoch")]
    pub auth_epoch: i64,
    /// The client that asked for the token.
    pub client_id: String,
    iat: u64,
    nbf: u64,
    /// In seconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "exp")]
    pub expires_at: u64,
    /// The token's own id.
    pub jti: String,
}

/// A token that is good for [`LIFETIME_SECONDS`] from `now`, in microseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// [`TokenError::Library`].
pub fn issue(keys: &TokenKeys, realm: &Realm<'_>, grant: &Grant<'_>, now: i64) -> Result<String, TokenError> {
    let now = now.div_euclid(1_000_000);
    let seconds = |at: i64| u64::try_from(at).unwrap_or_default();
    let mut jti = [0; 16];
    rand::fill(&mut jti).map_err(|_| TokenError::Library)?;
    let claims = AccessClaims {
        iss: realm.issuer.to_owned(),
        aud: realm.audience.to_owned(),
        subject: grant.subject,
        session: grant.session,
        auth_epoch: grant.auth_epoch,
        client_id: grant.client_id.to_owned(),
        iat: seconds(now),
        nbf: seconds(now - CLOCK_DIFFERENCE_SECONDS),
        expires_at: seconds(now + LIFETIME_SECONDS),
        jti: URL_SAFE_NO_PAD.encode(jti),
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(keys.kid.clone());
    jsonwebtoken::encode(&header, &claims, &keys.signing).map_err(|_| TokenError::Library)
}

/// Checks a token at `now`, in microseconds since 1970-01-01T00:00:00Z: its form, algorithm, type, key, signature,
/// issuer, audience, claims and time, the times without leeway.
///
/// Whether its session still stands and its epoch is the current one is for the caller to look up.
///
/// # Errors
/// The first that is wrong.
pub fn verify(
    keys: &TokenKeys,
    realm: &Realm<'_>,
    token: &str,
    now: i64,
) -> Result<AccessClaims, TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::Malformed);
    }
    // A header without a known algorithm, `none` for one, is not read at all.
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Algorithm);
    }
    if header.typ.as_deref() != Some(TYPE) {
        return Err(TokenError::Type);
    }
    // RFC 7515 §4.1.11: an extension that is not understood must not be skipped.
    if header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    let (_, key) = header.kid.and_then(|kid| keys.verifying.get(&kid)).ok_or(TokenError::Key)?;

    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.set_issuer(&[realm.issuer]);
    validation.set_audience(&[realm.audience]);
    // The library reads the system's clock; the times are checked below against the request's instant.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &validation)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Signature,
            ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
            ErrorKind::InvalidIssuer => TokenError::Issuer,
            ErrorKind::InvalidAudience => TokenError::Audience,
            ErrorKind::Base64(_) | ErrorKind::InvalidToken | ErrorKind::Utf8(_) => TokenError::Malformed,
            _ => TokenError::Claims,
        })?
        .claims;
    claims.check_time(now)?;
    Ok(claims)
}

impl AccessClaims {
    /// Whether the token is good at `now`, in microseconds since 1970-01-01T00:00:00Z, without leeway.
    ///
    /// # Errors
    /// [`TokenError::Expired`] or [`TokenError::NotYetValid`].
    pub fn check_time(&self, now: i64) -> Result<(), TokenError> {
        let now = i128::from(now);
        if now >= i128::from(self.expires_at) * 1_000_000 {
            return Err(TokenError::Expired);
        }
        if now < i128::from(self.nbf) * 1_000_000 {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

/// The form in which tokens are kept. SHA-256 without salt is enough for 256 bits that nobody chose.
pub fn token_hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const REALM: Realm<'static> = Realm { issuer: "https://crm.example", audience: "guanxi-api" };
    const NOW: i64 = 1_795_000_000_000_000;
    const NOW_SECONDS: i64 = NOW / 1_000_000;

    fn signing_key() -> SigningKey {
        SigningKey::generate().unwrap()
    }

    fn grant() -> Grant<'static> {
        Grant { subject: Uuid::from_u128(1), session: Uuid::from_u128(2), auth_epoch: 3, client_id: "web" }
    }

    fn claims() -> Value {
        json!({
            "iss": REALM.issuer, "aud": REALM.audience, "sub": Uuid::from_u128(1), "sid": Uuid::from_u128(2), "epoch": 3,
            "client_id": "web", "iat": NOW_SECONDS, "nbf": NOW_SECONDS - 30, "exp": NOW_SECONDS + 600, "jti": "x",
        })
    }

    fn changed(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn without(name: &str) -> Value {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        claims
    }

    fn part(json: &Value) -> String {
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    fn header(key: &SigningKey) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()})
    }

    /// Signs any header and claims, as an attacker with the key could.
    fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let pair = Ed25519KeyPair::from_pkcs8(key.pkcs8()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
    }

    fn verdict(key: &SigningKey, header: &Value, claims: &Value) -> Result<AccessClaims, TokenError> {
        verify(&TokenKeys::new(key, []), &REALM, &sign(key, header, claims), NOW)
    }

    #[test]
    fn issues_what_it_takes() {
        let key = signing_key();
        let keys = TokenKeys::new(&key, []);
        let token = issue(&keys, &REALM, &grant(), NOW + 999_999).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::EdDSA));
        assert_eq!(header.kid.as_deref(), Some(key.kid()));
        let claims = verify(&keys, &REALM, &token, NOW).unwrap();
        assert_eq!(
            (claims.subject, claims.session, claims.auth_epoch),
            (Uuid::from_u128(1), Uuid::from_u128(2), 3)
        );
        assert_eq!((claims.client_id.as_str(), claims.expires_at), ("web", 1_795_000_600));
        assert_ne!(token, issue(&keys, &REALM, &grant(), NOW).unwrap());
        assert!(verdict(&key, &self::header(&key), &self::claims()).is_ok());
    }

    #[test]
    fn times_are_strict() {
        let keys = TokenKeys::new(&signing_key(), []);
        let token = issue(&keys, &REALM, &grant(), NOW).unwrap();
        let at = |micros: i64| verify(&keys, &REALM, &token, NOW + micros).err();
        assert_eq!(at(600_000_000 - 1), None);
        assert_eq!(at(600_000_000), Some(TokenError::Expired));
        assert_eq!(at(i64::MAX - NOW), Some(TokenError::Expired));
        assert_eq!(at(-30_000_000), None);
        assert_eq!(at(-30_000_001), Some(TokenError::NotYetValid));
        assert_eq!(at(-NOW), Some(TokenError::NotYetValid));
    }

    #[test]
    fn algorithms_cannot_be_chosen() {
        let key = signing_key();
        let keys = TokenKeys::new(&key, []);
        for alg in ["none", "None", "NONE", ""] {
            let head = json!({"alg": alg, "typ": "at+jwt", "kid": key.kid()});
            let message = format!("{}.{}", part(&head), part(&claims()));
            let signature = sign(&key, &head, &claims());
            for token in [format!("{message}."), message, signature] {
                assert_eq!(verify(&keys, &REALM, &token, NOW), Err(TokenError::Malformed), "{alg}");
            }
        }
        // HS256 with what is public as its secret: the raw key, its text, its JWK.
        let jwk = keys.jwks()["keys"][0].to_string();
        let text = URL_SAFE_NO_PAD.encode(key.public_key());
        for secret in [key.public_key().as_slice(), text.as_bytes(), jwk.as_bytes()] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let mut head = Header::new(algorithm);
                head.typ = Some(TYPE.to_owned());
                head.kid = Some(key.kid().to_owned());
                let token =
                    jsonwebtoken::encode(&head, &claims(), &EncodingKey::from_secret(secret)).unwrap();
                assert_eq!(verify(&keys, &REALM, &token, NOW), Err(TokenError::Algorithm));
                // The same with a header that says EdDSA.
                let forged = format!("{}.{}", part(&header(&key)), token.split_once('.').unwrap().1);
                assert_eq!(verify(&keys, &REALM, &forged, NOW), Err(TokenError::Signature));
            }
        }
        for alg in ["ES256", "RS256", "PS256", "HS256"] {
            let head = json!({"alg": alg, "typ": "at+jwt", "kid": key.kid()});
            assert_eq!(verdict(&key, &head, &claims()), Err(TokenError::Algorithm), "{alg}");
        }
    }

    #[test]
    fn other_types_are_refused() {
        let key = signing_key();
        for typ in
            [json!("JWT"), json!("jwt"), json!("AT+JWT"), json!("id+jwt"), json!("dpop+jwt"), json!(null)]
        {
            let head = json!({"alg": "EdDSA", "typ": typ, "kid": key.kid()});
            assert_eq!(verdict(&key, &head, &claims()), Err(TokenError::Type), "{typ}");
        }
        let head = json!({"alg": "EdDSA", "kid": key.kid()});
        assert_eq!(verdict(&key, &head, &claims()), Err(TokenError::Type));
        let head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid(), "crit": ["b64"], "b64": false});
        assert_eq!(verdict(&key, &head, &claims()), Err(TokenError::Malformed));
    }

    #[test]
    fn keys_are_our_own() {
        let (key, attacker) = (signing_key(), signing_key());
        let keys = TokenKeys::new(&key, []);
        assert_eq!(
            verify(&keys, &REALM, &sign(&attacker, &header(&attacker), &claims()), NOW),
            Err(TokenError::Key)
        );
        assert_eq!(
            verify(&keys, &REALM, &sign(&attacker, &header(&key), &claims()), NOW),
            Err(TokenError::Signature)
        );
        let no_kid = json!({"alg": "EdDSA", "typ": "at+jwt"});
        assert_eq!(verdict(&key, &no_kid, &claims()), Err(TokenError::Key));
        for kid in ["", "x", "../../etc/passwd", "' or 1=1"] {
            let head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
            assert_eq!(verdict(&key, &head, &claims()), Err(TokenError::Key), "{kid}");
        }
        // A key that comes along in the header opens nothing, and does no harm beside a good signature.
        let jwk = TokenKeys::new(&attacker, []).jwks()["keys"][0].clone();
        let with = |signer: &SigningKey, kid: &str| {
            let head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid, "jwk": jwk, "jku": "https://evil.example/jwks",
                "x5u": "https://evil.example/x5u"});
            verify(&keys, &REALM, &sign(signer, &head, &claims()), NOW)
        };
        assert_eq!(with(&attacker, attacker.kid()), Err(TokenError::Key));
        assert_eq!(with(&attacker, key.kid()), Err(TokenError::Signature));
        assert!(with(&key, key.kid()).is_ok());
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = (signing_key(), signing_key());
        let token = issue(&TokenKeys::new(&old, []), &REALM, &grant(), NOW).unwrap();
        let both = TokenKeys::new(&new, [*old.public_key()]);
        assert!(verify(&both, &REALM, &token, NOW).is_ok());
        assert_eq!(verify(&TokenKeys::new(&new, []), &REALM, &token, NOW), Err(TokenError::Key));
        let token = issue(&both, &REALM, &grant(), NOW).unwrap();
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().kid.as_deref(), Some(new.kid()));
        let jwks = both.jwks();
        let kids: Vec<&str> =
            jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids.len(), 2);
        assert!(kids.contains(&old.kid()) && kids.contains(&new.kid()));
        assert!(!jwks.to_string().contains("\"d\""));
    }

    #[test]
    fn issuer_and_audience_are_ours() {
        let key = signing_key();
        let head = header(&key);
        for issuer in [json!("https://evil.example"), json!("https://crm.example/"), json!("")] {
            assert_eq!(verdict(&key, &head, &changed("iss", issuer)), Err(TokenError::Issuer));
        }
        for audience in [json!("other-api"), json!("")] {
            assert_eq!(verdict(&key, &head, &changed("aud", audience)), Err(TokenError::Audience));
        }
        for wrong in [json!(1), json!(null), json!([REALM.audience]), json!({})] {
            assert_eq!(verdict(&key, &head, &changed("aud", wrong.clone())), Err(TokenError::Claims));
            assert_eq!(verdict(&key, &head, &changed("iss", wrong)), Err(TokenError::Claims));
        }
    }

    #[test]
    fn claims_are_complete_and_typed() {
        let key = signing_key();
        let head = header(&key);
        for name in ["iss", "aud", "sub", "sid", "epoch", "client_id", "iat", "nbf", "exp", "jti"] {
            assert_eq!(verdict(&key, &head, &without(name)), Err(TokenError::Claims), "{name}");
            assert_eq!(verdict(&key, &head, &changed(name, json!(null))), Err(TokenError::Claims), "{name}");
        }
        for name in ["exp", "nbf", "iat"] {
            let seconds = NOW_SECONDS + if name == "exp" { 600 } else { -30 };
            for wrong in [
                json!(seconds.to_string()),
                json!(1_795_000_600.0),
                json!(1.5),
                json!(-1),
                json!(true),
                json!([seconds]),
                json!(1e300),
                json!({}),
                json!(""),
                json!("never"),
            ] {
                assert_eq!(
                    verdict(&key, &head, &changed(name, wrong.clone())),
                    Err(TokenError::Claims),
                    "{name} {wrong}"
                );
            }
        }
        assert_eq!(verdict(&key, &head, &changed("exp", json!(NOW_SECONDS))), Err(TokenError::Expired));
        assert_eq!(
            verdict(&key, &head, &changed("nbf", json!(NOW_SECONDS + 1))),
            Err(TokenError::NotYetValid)
        );
        assert_eq!(verdict(&key, &head, &changed("nbf", json!(u64::MAX))), Err(TokenError::NotYetValid));
        for name in ["sub", "sid"] {
            assert_eq!(verdict(&key, &head, &changed(name, json!("admin"))), Err(TokenError::Claims));
        }
        assert_eq!(verdict(&key, &head, &changed("epoch", json!("3"))), Err(TokenError::Claims));
        assert_eq!(verdict(&key, &head, &json!([])), Err(TokenError::Claims));
        // A claim given twice is refused, whichever of the two would count.
        let twice = claims().to_string().replacen('{', r#"{"epoch":9,"#, 1);
        let message = format!("{}.{}", part(&head), URL_SAFE_NO_PAD.encode(twice));
        let pair = Ed25519KeyPair::from_pkcs8(key.pkcs8()).unwrap();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())));
        assert_eq!(verify(&TokenKeys::new(&key, []), &REALM, &token, NOW), Err(TokenError::Claims));
    }

    #[test]
    fn a_refresh_token_is_no_access_token() {
        let keys = TokenKeys::new(&signing_key(), []);
        for token in ["", ".", "..", "...", "gx", &"A".repeat(43), &"A".repeat(5_000), "a.b.c.d"] {
            assert_eq!(verify(&keys, &REALM, token, NOW), Err(TokenError::Malformed), "{token}");
        }
        assert_eq!(token_hash("a"), token_hash("a"));
        assert_ne!(token_hash("a"), token_hash("b"));
    }

    #[test]
    fn keys_are_stored_and_read_back() {
        let key = signing_key();
        let again = SigningKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!((again.kid(), again.public_key()), (key.kid(), key.public_key()));
        assert_eq!(SigningKey::from_pkcs8(b"none").unwrap_err(), TokenError::Key);
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
        // The example of RFC 8037 appendix A.3.
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(kid(&x.try_into().unwrap()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    proptest! {
        #[test]
        fn any_changed_byte_fails(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let keys = TokenKeys::new(&signing_key(), []);
            let mut token = issue(&keys, &REALM, &grant(), NOW).unwrap().into_bytes();
            let position = position.index(token.len());
            prop_assume!(token[position] != byte);
            token[position] = byte;
            prop_assert!(verify(&keys, &REALM, &String::from_utf8_lossy(&token), NOW).is_err());
        }

        #[test]
        fn never_panics(token in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}"],
            now in any::<i64>()) {
            let keys = TokenKeys::new(&signing_key(), []);
            prop_assert!(verify(&keys, &REALM, &token, now).is_err());
            let _ = issue(&keys, &REALM, &grant(), now);
        }
    }
}
