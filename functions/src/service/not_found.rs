use std::collections::BTreeSet;

use croupier_web::{
    call::Call,
    caller::Anyone,
    endpoint::{Endpoint, Nothing, Route},
    error::{Code, Failure},
    function::Trigger,
};
use serde_json::Value;

/// Whatever no other function takes.
pub struct NotFound;

impl Endpoint for NotFound {
    const ROUTE: Route =
        Route::get("not-found", "$default", "Refuse what is not there.").or(&[Code::NotFound, Code::MethodNotAllowed]);
    type Caller = Anyone;
    type Request = Nothing;
    type Reply = Value;

    async fn handle(call: Call<'_, Anyone>, _: Nothing) -> Result<Value, Failure> {
        let path = &call.incoming.event.raw_path;
        let methods: BTreeSet<_> = crate::FUNCTIONS
            .iter()
            .filter_map(|function| match function.trigger {
                Trigger::Http(route) => Some(route),
                _ => None,
            })
            .flat_map(|route| route.places().filter(|(_, taken)| fits(taken, path)).map(|(method, _)| method.text()))
            .collect();
        // The right method as well means that the gateway did not take what stands for a placeholder.
        let asked = call.incoming.event.request_context.http.method.as_str();
        if methods.is_empty() || methods.contains(&asked) {
            return Err(Failure::of(Code::NotFound));
        }
        let methods = methods.into_iter().collect::<Vec<_>>().join(", ");
        let refused = Failure::saying(Code::MethodNotAllowed, format_args!("This path takes {methods} only."));
        Err(Failure { allow: Some(methods.into()), ..refused })
    }
}

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(path).all(|(part, given)| *part == given || (part.starts_with('{') && !given.is_empty()))
}
