//! The tokens of service accounts: signed and verified JWTs with the claims that the real server writes.
//!
//! The key is made when the first token is; it lives and dies with the server. Which request makes a token is in `token_request`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::Digest as _;

use super::identity::{CREDENTIAL_ID, Identity};
use crate::store::Store;
use crate::{clock, meta};

/// Who issues the tokens, and for whom where nobody else is named.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc";

/// Of a public key on this curve everything before the point itself.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A random text that nobody guesses: 32 bytes in hex.
pub(crate) fn random() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 32];
    // Without a source of randomness nothing here works; an empty secret is none that anybody is let in with.
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => hex(&bytes),
        Err(_) => String::new(),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// The key that signs the tokens of one server.
#[derive(Debug)]
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    id: String,
}

impl Signer {
    pub(crate) fn new() -> Option<Signer> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).ok()?;
        let spki = [&SPKI_HEAD, key.public_key().as_ref()].concat();
        let id = BASE64.encode(sha2::Sha256::digest(spki));
        Some(Signer { key, id })
    }

    /// A token that says this.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({"alg": "ES256", "kid": self.id});
        let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        Some(format!("{text}.{}", BASE64.encode(signature)))
    }

    /// What a token says that is one of ours.
    fn read(&self, token: &str) -> Result<Value, &'static str> {
        let (text, signature) = token.rsplit_once('.').unwrap_or((token, ""));
        let (header, claims) = text.split_once('.').unwrap_or((text, ""));
        let json = |it: &str| serde_json::from_slice::<Value>(&BASE64.decode(it).ok()?).ok();
        let header = json(header).unwrap_or_default();
        if header.get("kid").is_some_and(|it| *it != self.id) {
            return Err("invalid signature, no keys found");
        }
        let broken = "go-jose/go-jose: error in cryptographic primitive";
        let signature = BASE64.decode(signature).map_err(|_| broken)?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key().as_ref());
        key.verify(text.as_bytes(), &signature).map_err(|_| broken)?;
        json(claims).ok_or(broken)
    }

    /// The public key as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| BASE64.encode(point.get(range).unwrap_or_default());
        json!({"keys": [{
            "use": "sig",
            "kty": "EC",
            "kid": self.id,
            "crv": "P-256",
            "alg": "ES256",
            "x": part(1..33),
            "y": part(33..65),
        }]})
    }
}

/// Whether a bearer token says that we issued it. Nothing is verified.
pub(crate) fn is_ours(token: &str) -> bool {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let claims = BASE64.decode(claims).ok().and_then(|it| serde_json::from_slice::<Value>(&it).ok());
    claims.is_some_and(|it| it["iss"] == ISSUER)
}

/// Whose token this is, and for which of the wanted audiences.
pub(crate) fn verify(
    signer: Option<&Signer>,
    store: &Store,
    token: &str,
    wanted: &[String],
) -> Result<(Identity, Vec<String>), String> {
    let claims = signer.ok_or("invalid signature, no keys found")?.read(token)?;
    let told = match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        other => crate::schema::strings(Some(other)),
    };
    let common: Vec<String> = told.iter().filter(|it| wanted.contains(it)).cloned().collect();
    if common.is_empty() {
        let list = super::attributes::quoted_list;
        return Err(format!(
            "token audiences {} is invalid for the target audiences {}",
            list(&told),
            list(wanted)
        ));
    }
    // Clocks may differ by a minute.
    let now = clock::now().as_second();
    if claims["exp"].as_i64().is_none_or(|it| it + 60 < now) {
        return Err("service account token has expired".to_owned());
    }
    if claims["nbf"].as_i64().is_none_or(|it| it - 60 > now) {
        return Err("service account token is not valid yet".to_owned());
    }
    bound(store, &claims).map(|it| (it, common))
}

/// Checks that everything a token is bound to is still there.
fn bound(store: &Store, claims: &Value) -> Result<Identity, String> {
    let private = &claims["kubernetes.io"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let namespace = text(&private["namespace"]);
    let find = |plural: &str, key: &str| {
        let found = store.get(&(String::new(), plural.to_owned()), key);
        found.map(|it| meta::text(&it.value, "uid").to_owned())
    };
    let account = &private["serviceaccount"];
    let (name, uid) = (text(&account["name"]), text(&account["uid"]));
    let Some(is) = find("serviceaccounts", &format!("{namespace}/{name}")) else {
        return Err(format!("serviceaccounts \"{name}\" not found"));
    };
    if is != uid {
        return Err(format!("service account UID ({is}) does not match claim ({uid})"));
    }
    let mut who = Identity::service_account(&namespace, &name, &uid);
    let mut tell = |key: &str, value: String| {
        who.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value]);
    };
    let pod_bound = private["pod"].is_object();
    for (kind, word, plural) in
        [("secret", "Secret", "secrets"), ("pod", "Pod", "pods"), ("node", "Node", "nodes")]
    {
        let reference = &private[kind];
        if !reference.is_object() {
            continue;
        }
        let (name, uid) = (text(&reference["name"]), text(&reference["uid"]));
        // Of a pod's token the node is only told.
        if kind != "node" || !pod_bound {
            let key = if kind == "node" { name.clone() } else { format!("{namespace}/{name}") };
            let is = find(plural, &key).ok_or("service account token has been invalidated")?;
            if is != uid {
                return Err(format!(
                    "{word} UID ({is}) does not match service account {kind} ref claim ({uid})"
                ));
            }
        }
        if kind != "secret" {
            tell(&format!("{kind}-name"), name);
            if !uid.is_empty() {
                tell(&format!("{kind}-uid"), uid);
            }
        }
    }
    let id = text(&claims["jti"]);
    if !id.is_empty() {
        who.extra.insert(CREDENTIAL_ID.to_owned(), vec![format!("JTI={id}")]);
    }
    Ok(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_is_read_back_and_no_other() {
        let (signer, other) = (Signer::new().expect("a key"), Signer::new().expect("a key"));
        let claims = json!({"iss": ISSUER, "sub": "x"});
        let token = signer.sign(&claims).expect("a token");
        assert!(is_ours(&token) && !is_ours("a.b.c") && !is_ours("abc") && !is_ours(""));
        assert_eq!(signer.read(&token), Ok(claims));
        assert_eq!(other.read(&token), Err("invalid signature, no keys found"));
        let (start, _) = token.rsplit_once('.').expect("three parts");
        let forged = format!("{start}.{}", BASE64.encode([7; 64]));
        assert_eq!(signer.read(&forged), Err("go-jose/go-jose: error in cryptographic primitive"));
        for odd in ["", ".", "..", "a.b.c", "\u{fffd}.x.y"] {
            assert!(signer.read(odd).is_err(), "{odd}");
        }
        let keys = signer.key_set();
        assert_eq!(keys["keys"][0]["x"].as_str().map(str::len), Some(43));
    }
}
