//! What Workers do for the gateway: the functions of `platform.mjs`.
//!
//! They concern the task that is being polled, and call nothing here before they return.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "../platform.mjs")]
extern "C" {
    /// The value of a secret, where there is one of this name.
    pub(crate) fn secret(name: &str) -> Option<String>;

    /// Sends a request, from now on known by this number. The head's lines are its method, its address, and a name and a
    /// value for each header.
    pub(crate) fn send(call: u32, head: &str, body: &[u8]);

    /// Reads the next piece of an answer's body.
    pub(crate) fn read(call: u32);

    /// Forgets a call, and lets the provider go.
    pub(crate) fn cancel(call: u32);

    /// Answers the client: the task is done. The head's lines are a name and a value for each header.
    pub(crate) fn respond(status: u16, head: &str, body: &[u8]);

    /// Begins an answer that is given in pieces.
    pub(crate) fn open(status: u16, head: &str);

    /// Gives the client a piece. The task is polled again once it is taken.
    pub(crate) fn give(piece: &[u8]);

    /// The task is done.
    pub(crate) fn end();

    /// The task is done, and what was begun is not whole: the client is to see that.
    #[wasm_bindgen(js_name = breakOff)]
    pub(crate) fn break_off(why: &str);

    /// Polls another task, behind the answer.
    pub(crate) fn report(task: u32);
}

#[wasm_bindgen]
extern "C" {
    /// <https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Math/random>
    #[wasm_bindgen(js_namespace = Math, js_name = random)]
    pub(crate) fn fraction() -> f64;

    /// <https://developers.cloudflare.com/workers/observability/logs/>
    #[wasm_bindgen(js_namespace = console)]
    pub(crate) fn warn(line: &str);
}
