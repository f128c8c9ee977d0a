//! Members of the client's objects, and what is said where they have the wrong type.

use std::borrow::Cow;
use std::fmt::Display;

use crate::error::Error;
use crate::ir::Rest;
use crate::wire::json::{Json, Kind};

/// `error`, its parameter seen from outside of `path`, in its message too.
pub(super) fn within(path: impl Display) -> impl Fn(Error) -> Error {
    move |error| {
        let inner = error.param.unwrap_or_default();
        let param = match inner.chars().next() {
            None => path.to_string(),
            Some('[') => format!("{path}{inner}"),
            Some(_) => format!("{path}.{inner}"),
        };
        let message = error.message.replacen(&format!("'{inner}'"), &format!("'{param}'"), 1);
        Error { param: Some(param), message, ..error }
    }
}

/// A value that must be a string.
pub(super) fn string<'a>(value: Json<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    value.string().ok_or_else(|| wrong(name, "a string"))
}

/// A value that must be `true` or `false`.
pub(super) fn boolean(value: Json<'_>, name: &str) -> Result<bool, Error> {
    value.boolean().ok_or_else(|| wrong(name, "true or false"))
}

/// A value that must be a whole number, not below 0.
pub(super) fn integer(value: Json<'_>, name: &str) -> Result<u64, Error> {
    value.number().ok_or_else(|| match value.kind() {
        Kind::Number => out_of_range(name),
        _ => wrong(name, "a whole number that is not negative"),
    })
}

/// A value that must be of a kind, as it is.
pub(super) fn of_kind<'a>(value: Json<'a>, name: &str, kind: Kind) -> Result<Json<'a>, Error> {
    let word = match kind {
        Kind::Object => "an object",
        Kind::Array => "an array",
        Kind::Number => "a number",
        _ => "of another type",
    };
    if value.kind() == kind { Ok(value) } else { Err(wrong(name, word)) }
}

/// A member that must be there and a string.
pub(super) fn required<'a>(object: Json<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    let value = present(object, name).ok_or_else(|| missing(name))?;
    string(value, name)
}

/// A member that must be a string where it is there.
pub(super) fn optional<'a>(object: Json<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
    present(object, name).map(|value| string(value, name)).transpose()
}

/// A member that is there and not `null`.
pub(super) fn present<'a>(object: Json<'a>, name: &str) -> Option<Json<'a>> {
    object.get(name).and_then(Json::present)
}

/// The members that are not `null` and not among `named`.
pub(super) fn rest<'a>(object: Json<'a>, named: &[&str]) -> Rest<'a> {
    object.fields().filter(|(name, value)| !value.is_null() && !named.contains(&&**name)).collect()
}

/// Puts the members of the object `outer` that have no place elsewhere among the request's, named with a dot.
pub(super) fn keep_inner<'a>(outer: &str, value: Json<'a>, named: &[&str], into: &mut Rest<'a>) {
    let inner = rest(value, named).into_iter();
    into.extend(inner.map(|(name, value)| (Cow::Owned(format!("{outer}.{name}")), value)));
}

/// The error for a member that must be there.
pub(super) fn missing(name: &str) -> Error {
    Error::invalid_param(name, format!("Missing required parameter: '{name}'."))
        .with_code("missing_required_parameter")
}

/// The error for a number that is no count, or more than any count can be.
fn out_of_range(name: &str) -> Error {
    let most = u64::MAX;
    Error::invalid_param(
        name,
        format!("Invalid value for '{name}': it must be a whole number from 0 to {most}."),
    )
    .with_code("invalid_value")
}

/// The error for a member of the wrong type.
pub(super) fn wrong(name: &str, wanted: &str) -> Error {
    Error::invalid_param(name, format!("Invalid type for '{name}': it must be {wanted}."))
        .with_code("invalid_type")
}
