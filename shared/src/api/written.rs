//! Places in a client's own body, whose members may have other names than the representation's and stand deeper.

use std::borrow::Cow;

use crate::wire::json::Json;

/// How a family's clients write what the representation names.
pub struct Written {
    /// Whether a place may be written in another way. Who has none of these need not look at the body.
    pub(super) differs: fn(&str) -> bool,
    /// The place of what is in another list than the representation's.
    pub(super) listed: fn(Json<'_>, &str) -> Option<String>,
    /// Whether a member, as it is written, is the one of this name.
    pub(super) is_named: fn(&str, &str) -> bool,
    /// Whether what is within a member may be named as if it stood beside it.
    pub(super) holds: fn(&str) -> bool,
}

impl Written {
    pub(crate) fn differs(&self, place: &str) -> bool {
        (self.differs)(place)
    }

    /// The place as the client wrote it, as far as it did.
    pub(crate) fn place(&self, body: Json<'_>, place: &str) -> String {
        let listed = (self.listed)(body, place);
        let place = listed.as_deref().unwrap_or(place);
        let (mut at, mut steps) = (Some(body), Vec::new());
        for step in place.split('.') {
            let (name, index) = step.split_at(step.find('[').unwrap_or(step.len()));
            let found = at.and_then(|object| self.member(object, name));
            let inner = found.as_ref().and_then(|(_, value)| element(*value, index));
            steps.push(found.map_or(Cow::Borrowed(name), |(written, _)| written) + index);
            at = inner;
        }
        steps.join(".")
    }

    /// The member of this name, and what the client calls it; or that of the one member which has it.
    fn member<'a>(&self, object: Json<'a>, name: &str) -> Option<(Cow<'a, str>, Json<'a>)> {
        let find = |object: Json<'a>| object.fields().find(|(written, _)| (self.is_named)(written, name));
        find(object).or_else(|| {
            let mut holders = object.fields().filter(|(outer, _)| (self.holds)(outer));
            holders.find_map(|(outer, inner)| {
                let (written, value) = find(inner)?;
                Some((Cow::Owned(format!("{outer}.{written}")), value))
            })
        })
    }
}

/// The element that `[3]` names; the value itself without one.
fn element<'a>(value: Json<'a>, index: &str) -> Option<Json<'a>> {
    match index.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(number) => value.items().nth(number.parse().ok()?),
        None => Some(value),
    }
}
