//! What we need to know of an id-token: when it expires. Deliberately nothing is verified: that is for the server, which
//! has the keys; we only decide when to ask for the next one.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// No token is longer.
const LIMIT: usize = 64 << 10;

/// The `exp` of a JWT. `None` where it has none, or is no JWT.
pub(super) fn expiry(token: &str) -> Option<SystemTime> {
    if token.len() > LIMIT {
        return None;
    }
    let mut parts = token.split('.');
    let (Some(_header), Some(claims), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let seconds = claims.get("exp")?.as_f64()?;
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_expiry_is_read_from_the_claims() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(expiry(&token(r#"{"sub":"me","exp":1700000000}"#)), at(1_700_000_000));
        assert_eq!(expiry(&token(r#"{"exp":1.7e9}"#)), at(1_700_000_000));
    }

    #[test]
    fn what_is_no_token_has_no_expiry() {
        let long = token(&format!(r#"{{"exp":1,"x":"{}"}}"#, "x".repeat(LIMIT)));
        let deep = token(&"[".repeat(10_000));
        for text in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "a.e30.c.d",
            "a.%%%.c",
            &token("{}"),
            &token("[]"),
            &token(r#"{"exp":"1"}"#),
            &token(r#"{"exp":-1}"#),
            &token(r#"{"exp":1e300}"#),
            &token(r#"{"exp":null}"#),
            &long,
            &deep,
        ] {
            assert_eq!(expiry(text), None, "{}", text.len());
        }
    }
}
