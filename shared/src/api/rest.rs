//! What a family has beyond the [representation](crate::ir), and others may have no place for.

use super::family::Api;
use super::openai;
use crate::error::Error;
use crate::ir::{Loss, Request};

/// What of `request.rest` is lost on the way to the API `to`: nothing within the family, where the writer must write it.
///
/// Each writer calls it first; it fails for requests that are not [portable](super::Read::portable).
pub(crate) fn losses(request: &Request<'_>, to: Api) -> Result<Vec<Loss>, Error> {
    let Some(from) = request.api.filter(|from| *from != to) else { return Ok(Vec::new()) };
    from.read().portable(request)?;
    let is_lost = |name: &str, value| !from.read().carries(name, value) && !openai::is_shared(from, to, name);
    let lost = request.rest.iter().filter(|(name, value)| is_lost(name, *value));
    Ok(lost.map(|(name, _)| Loss::dropped(name.clone().into_owned())).collect())
}
