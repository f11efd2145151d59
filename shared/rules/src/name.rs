//! What a person types: names, a phone number, a password, a key; each refuses what it must not hold.

use std::{fmt, str::FromStr};

use unicode_normalization::UnicodeNormalization;

/// Serializes through `Display`, deserializes through `FromStr`, and describes itself as a string.
macro_rules! text_serde {
    ($name:ident, $pattern:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}
pub(crate) use text_serde;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Fewer or more characters than allowed.
    #[error("must have {0} to {1} characters")]
    Length(usize, usize),
    /// A character that this text cannot hold.
    #[error("must contain only {0}")]
    Characters(&'static str),
    /// A password that is tried before all others.
    #[error("is one of the most common passwords")]
    Common,
}

fn sized(text: &str, least: usize, most: usize) -> Result<&str, BadText> {
    if (least..=most).contains(&text.chars().count()) { Ok(text) } else { Err(BadText::Length(least, most)) }
}

fn made_of(text: &str, what: &'static str, allowed: fn(char) -> bool) -> Result<(), BadText> {
    if text.chars().all(allowed) { Ok(()) } else { Err(BadText::Characters(what)) }
}

/// Neither blank nor one of the characters that show nothing themselves: with those, two names would look like one.
fn visible(c: char) -> bool {
    const UNSEEN: [std::ops::RangeInclusive<char>; 10] = [
        '\u{ad}'..='\u{ad}',
        '\u{34f}'..='\u{34f}',
        '\u{115f}'..='\u{1160}',
        '\u{2800}'..='\u{2800}',
        '\u{3164}'..='\u{3164}',
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    !c.is_control() && !c.is_whitespace() && !UNSEEN.iter().any(|range| range.contains(&c))
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $pattern:literal, $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadText;

            fn from_str(text: &str) -> Result<Self, BadText> {
                let parse: fn(&str) -> Result<String, BadText> = $parse;
                parse(text).map(Self)
            }
        }

        text_serde!($name, $pattern);
    )*};
}

texts! {
    /// The name by which a player logs in; unique whatever its case.
    SiteId, "^[A-Za-z0-9._-]{3,50}$", |text| {
        let text = sized(text, 3, 50)?;
        made_of(text, "letters, digits, '.', '_' and '-'", |c| c.is_ascii_alphanumeric() || "._-".contains(c))?;
        Ok(text.to_owned())
    };

    /// The name that others see; unique whatever its case.
    Nickname, "^.{2,50}$", |text| {
        let text: String = text.trim().nfc().collect();
        let text = sized(&text, 2, 50)?;
        made_of(text, "visible characters and spaces", |c| c == ' ' || visible(c))?;
        // One character may stand for a sentence; the table's keys have a limit.
        sized(&Nickname::fold(text), 1, 100)?;
        Ok(text.to_owned())
    };

    /// A phone number, kept as digits with an optional leading plus.
    PhoneNumber, r"^[0-9 ()+-]{10,}$", |text| {
        let digits: String = text.chars().filter(|c| !" ()-".contains(*c)).collect();
        let number = digits.strip_prefix('+').unwrap_or(&digits);
        made_of(number, "digits, spaces, '(', ')', '-' and one leading '+'", |c| c.is_ascii_digit())?;
        sized(number, 10, 15)?;
        Ok(digits)
    };

    /// An invite code, in capitals: the case that a person types does not matter. Whatever a person types is a code,
    /// if only an unknown one.
    InviteCode, "^.{1,64}$", |text| {
        let text = text.trim().to_uppercase();
        made_of(sized(&text, 1, 64)?, "visible characters and spaces", |c| !c.is_control())?;
        Ok(text)
    };

    /// A key by which a client names one attempt, so that a repeat is recognised.
    IdempotencyKey, "^[!-~]{8,128}$", |text| {
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let bare = sized(bare, 8, 128)?;
        made_of(bare, "printable ASCII without spaces", |c| c.is_ascii_graphic())?;
        Ok(bare.to_owned())
    };

    /// What something is sold under, in capitals: the case that a person types does not matter.
    Sku, "^[A-Za-z0-9_]{2,40}$", |text| {
        let text = sized(text.trim(), 2, 40)?;
        made_of(text, "letters, digits and '_'", |c| c.is_ascii_alphanumeric() || c == '_')?;
        Ok(text.to_ascii_uppercase())
    };

    /// A promo code, in capitals. Whatever a person types is a code, if only an unknown one.
    PromoCode, "^.{1,40}$", |text| {
        // One letter in small may be several in capitals.
        let text = text.trim().to_uppercase();
        made_of(sized(&text, 1, 40)?, "visible characters and spaces", |c| !c.is_control())?;
        Ok(text)
    };

    /// What something is called, where players read it.
    Title, "^.{1,80}$", |text| {
        let text: String = text.trim().nfc().collect();
        let text = sized(&text, 1, 80)?;
        made_of(text, "visible characters and spaces", |c| c == ' ' || visible(c))?;
        Ok(text.to_owned())
    };

    /// Why something was given, in a sentence.
    Description, "^.{1,200}$", |text| {
        let text: String = text.trim().nfc().collect();
        let text = sized(&text, 1, 200)?;
        made_of(text, "visible characters and spaces", |c| c == ' ' || visible(c))?;
        Ok(text.to_owned())
    };

    /// By which an item in an inventory is known.
    ItemId, "^[a-z0-9_]{1,40}$", |text| {
        let text = sized(text, 1, 40)?;
        made_of(text, "small letters, digits and '_'", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')?;
        Ok(text.to_owned())
    };

    /// The gateway's name for a payment.
    ChargeId, "^[!-~]{1,255}$", |text| {
        let text = sized(text, 1, 255)?;
        made_of(text, "printable ASCII without spaces", |c| c.is_ascii_graphic())?;
        Ok(text.to_owned())
    };

    /// The part of the randomness that the player chooses. Short, since every round carries it twice.
    ClientSeed, "^[!-~]{1,32}$", |text| {
        let text = sized(text, 1, 32)?;
        made_of(text, "printable ASCII without spaces", |c| c.is_ascii_graphic())?;
        Ok(text.to_owned())
    };
}

impl SiteId {
    /// The spelling under which the name is claimed.
    pub fn folded(&self) -> String {
        Self::fold(&self.0)
    }

    /// The same of a part of a name.
    pub fn fold(text: &str) -> String {
        text.to_lowercase()
    }
}

impl PhoneNumber {
    /// The spelling under which the number is claimed: with or without a plus, it is one number.
    pub fn folded(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl Nickname {
    /// The spelling under which the name is claimed.
    pub fn folded(&self) -> String {
        Self::fold(&self.0)
    }

    /// The same of a part of a name, which may end where the name goes on: a sigma is one letter wherever it stands. Composed
    /// again, since some letters are composed in small alone.
    pub fn fold(text: &str) -> String {
        let small = text.nfkc().collect::<String>().to_lowercase().replace('ς', "σ");
        // What chooses between two pictures of a character is no character: ❤ is ❤️.
        small.nfkc().filter(|c| !('\u{fe00}'..='\u{fe0f}').contains(c)).collect()
    }
}

impl InviteCode {
    /// Characters of which no two look alike, in whatever hand they are written.
    const CLEAR: &[u8] = b"ACDEFGHJKMNPQRTUVWXY34679";
    /// How many of them a code that we make has: some 10^11 codes.
    const LENGTH: usize = 8;

    /// A code of random bytes, each character as likely as any other; none, when they do not suffice.
    pub fn of(random: [u8; 32]) -> Option<Self> {
        // The largest multiple that a byte can reach: beyond it, the first characters would be likelier.
        const BYTES: usize = 256;
        let whole = BYTES / Self::CLEAR.len() * Self::CLEAR.len();
        let even = random.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < whole);
        let code: String =
            even.map(|byte| char::from(Self::CLEAR[byte % Self::CLEAR.len()])).take(Self::LENGTH).collect();
        (code.len() == Self::LENGTH).then_some(Self(code))
    }
}

/// A password as typed: never printed, stored or compared, only hashed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A fixed mask: whatever carries a password may be written down or fingerprinted without it.
impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl FromStr for Password {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        sized(text, 8, 128).map(|text| Self(text.to_owned()))
    }
}

text_serde!(Password, "^.{8,128}$");

/// A password that a player chooses: any characters in any mixture, but none of those that everybody tries first.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

/// In lower case, in order, each with at least eight characters.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// Walked through once for a password that is chosen, which is hashed then: no set is worth its making at every cold start.
fn common_passwords() -> impl Iterator<Item = &'static str> {
    COMMON_PASSWORDS.lines().filter(|line| !line.starts_with("# "))
}

impl NewPassword {
    /// The password, to be hashed.
    pub fn into_password(self) -> Password {
        self.0
    }
}

impl fmt::Display for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NewPassword {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let password = text.parse()?;
        let small = text.to_lowercase();
        if common_passwords().any(|common| common == small) { Err(BadText::Common) } else { Ok(Self(password)) }
    }
}

text_serde!(NewPassword, "^.{8,128}$");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_bounded_and_fold() {
        assert_eq!("Ann.Lee".parse::<SiteId>().map(|site| site.folded()), Ok("ann.lee".into()));
        assert_eq!("ab".parse::<SiteId>(), Err(BadText::Length(3, 50)));
        assert!("a b c".parse::<SiteId>().is_err());
        assert_eq!("  Örn  ".parse::<Nickname>().map(|name| name.to_string()), Ok("Örn".into()));
        assert!("two\nlines".parse::<Nickname>().is_err());
        assert!("admin\u{200b}".parse::<Nickname>().is_err());
        let folded = |name: &str| name.parse::<Nickname>().map(|name| name.folded());
        assert_eq!(folded("Zoe\u{308}"), folded("ZOË"));
        assert_eq!(folded("ＡＢＣ"), folded("abc"));
        assert_eq!((folded("ΟΔΟΣ"), folded("οδος")), (folded("οδοσ"), folded("οδοσ")));
        assert_eq!(folded("J\u{30c}o"), folded("ǰo"));
        assert!("\u{fdfa}".repeat(32).parse::<Nickname>().is_err(), "a key of more than a thousand bytes");
        assert_eq!(folded("❤\u{fe0f}❤\u{fe0f}"), folded("❤❤"));
        assert!("Zoë\u{3164}".parse::<Nickname>().is_err());
    }

    #[test]
    fn a_phone_number_has_one_spelling() {
        assert_eq!("+44 (20) 7946-0000".parse::<PhoneNumber>().map(|p| p.to_string()), Ok("+442079460000".into()));
        assert!("12345".parse::<PhoneNumber>().is_err());
        assert!("1234567890x".parse::<PhoneNumber>().is_err());
    }

    #[test]
    fn a_key_may_be_quoted() {
        assert_eq!("\"abcd-1234\"".parse::<IdempotencyKey>(), "abcd-1234".parse());
        assert!("short".parse::<IdempotencyKey>().is_err());
        assert!("with a space".parse::<IdempotencyKey>().is_err());
    }

    #[test]
    fn common_passwords_are_refused_in_whatever_case() {
        let count = common_passwords().collect::<BTreeSet<_>>().len();
        assert!(count > 3000, "OWASP ASVS 6.2.4 asks for 3000 of them; there are {count}");
        assert!(common_passwords().all(|common| common.chars().count() >= 8 && *common == common.to_lowercase()));
        for common in ["password", "PassWord1", "12345678", "qwertyuiop"] {
            assert_eq!(common.parse::<NewPassword>().err(), Some(BadText::Common), "{common}");
            assert!(common.parse::<Password>().is_ok(), "a player who has it still logs in");
        }
        for good in ["lemon-cherry-7", "aaaaaaaab", "   eight   ", "🍒🍋🍊🍇💎🍒🍋🍊", "пароль-вишня"]
        {
            assert!(good.parse::<NewPassword>().is_ok(), "{good}");
        }
    }

    #[test]
    fn an_invite_code_of_ours_has_no_two_characters_that_look_alike() {
        for alike in ["0OQ", "1IL", "2Z", "5S", "8B"] {
            assert!(alike.bytes().filter(|c| InviteCode::CLEAR.contains(c)).count() <= 1, "{alike}");
        }
        let code = InviteCode::of(std::array::from_fn(|byte| byte as u8)).unwrap();
        assert_eq!(code.to_string(), "ACDEFGHJ");
        assert_eq!(code.to_string().parse(), Ok(code));
        assert!(InviteCode::of([255; 32]).is_none());
    }

    #[test]
    fn a_password_is_never_printed() {
        let password: Password = "hunter2hunter2".parse().unwrap();
        assert!(!format!("{password:?}{password}{}", serde_json::to_string(&password).unwrap()).contains("hunter2"));
    }
}
