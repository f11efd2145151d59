//! What a client is told when it does not get what it asked for: RFC 9457, with codes that never change.

use std::{fmt, time::Duration};

use croupier_rules::{Refusal, account::Barred};
use croupier_store::{
    StoreError,
    act::NotDone,
    tx::{Conflict, NotCommitted},
};
use schemars::JsonSchema;
use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $status:literal;)*) => {
        /// Why a request was refused, in a form that programs may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as clients read it.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that always comes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    NotJson = "NOT_JSON", 400;
    /// The cursor does not belong to this list.
    CursorInvalid = "CURSOR_INVALID", 400;
    /// Purchases, and what operators give, need an idempotency key.
    IdempotencyKeyRequired = "IDEMPOTENCY_KEY_REQUIRED", 400;
    /// The message of a payment gateway is signed, and says nothing that can be understood.
    NoticeInvalid = "NOTICE_INVALID", 400;
    /// The invite code lets nobody in: unknown, switched off, over or used up.
    InviteInvalid = "INVITE_INVALID", 400;
    /// There is no token, or it is not one of ours, or it has expired.
    Unauthenticated = "UNAUTHENTICATED", 401;
    /// The session is over.
    TokenRevoked = "TOKEN_REVOKED", 401;
    /// The refresh token was spent before: somebody else may have it, so that the whole session is over.
    RefreshReused = "REFRESH_REUSED", 401;
    /// Site id and password do not belong together.
    InvalidCredentials = "INVALID_CREDENTIALS", 401;
    /// The socket ticket is unknown, used or expired.
    TicketInvalid = "TICKET_INVALID", 401;
    /// The message of a payment gateway is not signed, or not by it.
    SignatureInvalid = "SIGNATURE_INVALID", 401;
    /// The message of a payment gateway was signed more than five minutes ago, or ahead.
    SignatureExpired = "SIGNATURE_EXPIRED", 401;
    /// The payment was refused: nothing was paid, and nothing is held any more.
    PaymentDeclined = "PAYMENT_DECLINED", 402;
    /// The caller's rank is too low.
    RankRequired = "RANK_REQUIRED", 403;
    /// The caller is no admin.
    AdminRequired = "ADMIN_REQUIRED", 403;
    /// There is nothing here, or nothing that the caller may see.
    NotFound = "NOT_FOUND", 404;
    /// This path does not take this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// Somebody or something else has this name.
    Taken = "TAKEN", 409;
    /// The balance does not cover the price.
    InsufficientFunds = "INSUFFICIENT_FUNDS", 409;
    /// Another session of a game goes on.
    SessionActive = "SESSION_ACTIVE", 409;
    /// The session of a game is over.
    SessionEnded = "SESSION_ENDED", 409;
    /// It was claimed before.
    AlreadyClaimed = "ALREADY_CLAIMED", 409;
    /// The mission is not completed.
    NotCompleted = "NOT_COMPLETED", 409;
    /// The balance cannot grow any further.
    BalanceLimit = "BALANCE_LIMIT", 409;
    /// It is not for sale, or not to be claimed, at present.
    Disabled = "DISABLED", 409;
    /// It is too early or too late for it.
    WindowClosed = "WINDOW_CLOSED", 409;
    /// The player has as many of it as a player may have.
    UserLimit = "USER_LIMIT", 409;
    /// The promo code is unknown, off, over, or for something else.
    PromoInvalid = "PROMO_INVALID", 409;
    /// The promo code has been used as often as it may be.
    PromoExhausted = "PROMO_EXHAUSTED", 409;
    /// The total is not the one that the buyer expects.
    PriceChanged = "PRICE_CHANGED", 409;
    /// There are not enough left.
    OutOfStock = "OUT_OF_STOCK", 409;
    /// What was held was not paid for in time: nothing was paid.
    HoldExpired = "HOLD_EXPIRED", 409;
    /// The hold was released, or is being paid for, or was.
    HoldResolved = "HOLD_RESOLVED", 409;
    /// The purchase was given up before it was paid.
    PaymentVoided = "PAYMENT_VOIDED", 409;
    /// The transaction did not succeed, or was refunded before.
    NotRefundable = "NOT_REFUNDABLE", 409;
    /// The transaction is over, or too far on to be given up.
    NotOpen = "NOT_OPEN", 409;
    /// More are held or sold than there would be.
    StockTaken = "STOCK_TAKEN", 409;
    /// As many have claimed as may.
    BudgetSpent = "BUDGET_SPENT", 409;
    /// The message of a payment gateway came before.
    NoticeRepeated = "NOTICE_REPEATED", 409;
    /// The body is larger than 16 KiB.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413;
    /// A field is missing, of the wrong type or out of range; `errors` names it.
    ValidationFailed = "VALIDATION_FAILED", 422;
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 422;
    /// An operator locked this account.
    AccountLocked = "ACCOUNT_LOCKED", 423;
    /// Too many wrong passwords; `Retry-After` tells how long to wait.
    TooManyAttempts = "TOO_MANY_ATTEMPTS", 429;
    /// Something broke on our side. Where a key is taken, a repeat with the same one tells what was done.
    Internal = "INTERNAL", 500;
    /// Events do not go to Kafka here.
    KafkaOff = "KAFKA_OFF", 503;
    /// Kafka does not answer, or lacks a topic, or does not let us in.
    KafkaUnavailable = "KAFKA_UNAVAILABLE", 503;
    /// Too much is going on; `Retry-After` tells when to repeat, with the same key where one is taken.
    Unavailable = "UNAVAILABLE", 503;
}

impl Code {
    /// The title that goes with the status.
    pub fn title(self) -> &'static str {
        http::StatusCode::from_u16(self.status()).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
    }
}

/// One field that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Which field, as a path.
    pub field: String,
    /// `MISSING`, `INVALID` or `TAKEN`.
    pub code: &'static str,
    /// What it should have been.
    pub message: String,
}

/// A refusal on its way to the client.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why.
    pub code: Code,
    /// The same in words.
    pub detail: String,
    /// Which fields.
    pub errors: Vec<FieldError>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// What the total is now, where a buyer expects another one.
    pub total: Option<u64>,
    /// The methods that the path takes instead.
    pub allow: Option<Box<str>>,
    /// What only the log is told.
    pub cause: Option<Box<str>>,
    /// How often it was decided anew before it was given up.
    pub retries: u32,
}

/// The body of every refusal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem<'a> {
    /// Always `about:blank`: `code` says which problem it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The name of the status.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// What is wrong, in words.
    pub detail: &'a str,
    /// What is wrong, for programs.
    pub code: &'static str,
    /// Under which id the log tells more.
    pub request_id: &'a str,
    /// Which fields were not accepted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
    /// With `PRICE_CHANGED`: what the total is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl Failure {
    /// A refusal in the words of its code.
    pub fn of(code: Code) -> Self {
        Self {
            code,
            detail: code.meaning().to_owned(),
            errors: Vec::new(),
            retry_after: None,
            total: None,
            allow: None,
            cause: None,
            retries: 0,
        }
    }

    /// A refusal in other words.
    pub fn saying(code: Code, detail: impl fmt::Display) -> Self {
        Self { detail: detail.to_string(), ..Self::of(code) }
    }

    /// A field that was not accepted.
    pub fn field(field: impl Into<String>, code: &'static str, message: impl fmt::Display) -> Self {
        let errors = vec![FieldError { field: field.into(), code, message: message.to_string() }];
        Self { errors, ..Self::of(Code::ValidationFailed) }
    }

    /// A name that somebody else has.
    pub fn taken(field: &str) -> Self {
        let errors = vec![FieldError { field: field.into(), code: "TAKEN", message: "is taken".into() }];
        Self { errors, ..Self::saying(Code::Taken, format_args!("This {field} is taken.")) }
    }

    /// Something broke; the cause is for the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string().into()), ..Self::of(Code::Internal) }
    }

    /// What the log is told: the cause, or what the client is told as well.
    pub fn told(&self) -> &str {
        self.cause.as_deref().unwrap_or(&self.detail)
    }

    /// The body that a client reads.
    pub fn problem<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
        Problem {
            kind: "about:blank",
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code.text(),
            request_id,
            errors: &self.errors,
            total: self.total,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InsufficientFunds => Self::of(Code::InsufficientFunds),
            Refusal::StakeOutOfRange { .. } => Self::field("bet_amount", "INVALID", refusal),
            Refusal::BalanceLimit => Self::of(Code::BalanceLimit),
            Refusal::TooManyPulls { .. } => Self::field("pull_count", "INVALID", refusal),
            Refusal::SessionActive => Self::of(Code::SessionActive),
            Refusal::NoSession | Refusal::NoMission => Self::of(Code::NotFound),
            Refusal::AlreadyClaimed => Self::of(Code::AlreadyClaimed),
            Refusal::NotCompleted => Self::of(Code::NotCompleted),
            Refusal::NoProduct | Refusal::NoPurchase | Refusal::NoCampaign => Self::saying(Code::NotFound, refusal),
            Refusal::Disabled => Self::of(Code::Disabled),
            Refusal::WindowClosed => Self::of(Code::WindowClosed),
            Refusal::RankRequired => Self::of(Code::RankRequired),
            Refusal::UserLimit => Self::of(Code::UserLimit),
            Refusal::PromoInvalid(_) => Self::saying(Code::PromoInvalid, refusal),
            Refusal::PromoExhausted => Self::of(Code::PromoExhausted),
            Refusal::PriceChanged { total } => Self { total: Some(total), ..Self::saying(Code::PriceChanged, refusal) },
            Refusal::OutOfStock => Self::of(Code::OutOfStock),
            Refusal::NoPaymentToken => Self::field("payment_token", "MISSING", refusal),
            Refusal::HoldExpired => Self::of(Code::HoldExpired),
            Refusal::HoldResolved => Self::of(Code::HoldResolved),
            Refusal::NotRefundable => Self::of(Code::NotRefundable),
            Refusal::StockTaken => Self::of(Code::StockTaken),
            Refusal::NoItem => Self::field("item_id", "INVALID", refusal),
            Refusal::BudgetSpent => Self::of(Code::BudgetSpent),
            Refusal::Impossible => Self::internal(refusal),
        }
    }
}

impl From<NotDone> for Failure {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::Refused(refusal) => refusal.into(),
            NotDone::KeyReused => Self::of(Code::IdempotencyKeyReused),
            NotDone::Barred(barred) => barred.into(),
            NotDone::Store(error) => error.into(),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<Barred> for Failure {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Revoked => Self::of(Code::TokenRevoked),
            Barred::Locked => Self::of(Code::AccountLocked),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = Some(error.to_string().into());
        let unavailable = |retries| Self {
            retry_after: Some(Duration::from_secs(1)),
            cause: cause.clone(),
            retries,
            ..Self::of(Code::Unavailable)
        };
        match error {
            StoreError::Contended { retries } => unavailable(retries),
            StoreError::Throttled | StoreError::Unavailable(_) => unavailable(0),
            StoreError::Rejected(_) | StoreError::Corrupt(_) => Self { cause, ..Self::of(Code::Internal) },
        }
    }
}

impl From<NotCommitted> for Failure {
    fn from(error: NotCommitted) -> Self {
        match error {
            NotCommitted::Store(error) => error.into(),
            NotCommitted::Contended => StoreError::Throttled.into(),
            NotCommitted::Refused { conflict, .. } => match conflict {
                Conflict::SiteTaken => Self::taken("site_id"),
                Conflict::NicknameTaken => Self::taken("nickname"),
                Conflict::PhoneTaken => Self::taken("phone_number"),
                Conflict::NumberTaken => Self::taken("id"),
                Conflict::InviteRefused => Self::of(Code::InviteInvalid),
                Conflict::TicketRefused => Self::of(Code::TicketInvalid),
                // Whoever came in with the old password came too late.
                Conflict::PasswordChanged => Self::of(Code::InvalidCredentials),
                Conflict::SessionOver => Self::of(Code::TokenRevoked),
                Conflict::Unknown => Self::of(Code::NotFound),
                Conflict::AlreadyDone | Conflict::Stale | Conflict::Broken => Self::internal(format!("{conflict:?}")),
            },
        }
    }
}
