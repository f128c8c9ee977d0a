//! What only a Worker can do wrong: live on behind a defect.

use hosts::client::{Answer, Question};
use hosts::configuration;
use hosts::host::Kind;
use hosts::provider::{Provider, Script};

/// More than fill the gateway's stack where each of them leaves on it what it had there.
const DEFECTS: usize = 300;

/// What the gateway asks for a number of a request without one gets an exception where the client wants it.
const DEFECTIVE: &str = "
const { random } = Math;
let failing = 0;
Math.random = () => {
  if (failing === 0) return random();
  failing--;
  throw new Error('a defect');
};
export default {
  fetch(request, ...rest) {
    if (request.headers.has('x-defect')) failing++;
    return platform.answer(request, ...rest);
  },
};
";

fn defective(shim: String) -> String {
    let (before, _) = shim.split_once("export default").expect("the shim exports the gateway");
    format!("{before}{DEFECTIVE}")
}

/// Whatever is wrong with a request, its client is told, and the isolate goes on for all others.
#[tokio::test]
async fn a_defect_costs_no_other_request() {
    if Kind::Worker.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let host = Kind::start_worker(provider.address, configuration::yaml, defective).await;
    let name = "messages-to-completions--parallel-tools-streamed";
    let asked = corpus::cases().into_iter().find(|case| case.name == name).expect("a case of the corpus");
    provider.say(Script::of(&asked));
    let question = Question::post(&asked.path(), asked.request.clone());
    let defect = question.clone().header("x-defect", "1");
    for number in 0..DEFECTS {
        let answer = defect.ask(host.address).await.expect("an answer");
        assert_eq!(answer.status, 500, "defect {number}: {}", answer.text());
        assert!(is_in_the_clients_words(&answer), "defect {number}: {}", answer.text());
        assert!(number > 0 || provider.received().is_empty(), "a provider was asked");
    }
    let answer = question.ask(host.address).await.expect("an answer");
    asked.check_got(&answer.body).expect("the next answer is whole");
}

/// An error as clients of Messages know them, by the number of the request that it belongs to.
fn is_in_the_clients_words(answer: &Answer) -> bool {
    let error = answer.json();
    error["type"] == "error"
        && error["error"]["type"] == "api_error"
        && answer.header("x-request-id").is_some()
}
