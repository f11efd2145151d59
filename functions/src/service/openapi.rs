use croupier_web::{
    call::Call,
    caller::Anyone,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
    openapi,
};
use serde_json::Value;

/// The description of the API.
pub struct OpenApi;

impl Endpoint for OpenApi {
    const ROUTE: Route = Route::get("openapi", "/openapi.json", "Describe this API in OpenAPI 3.1.");
    type Caller = Anyone;
    type Request = Nothing;
    type Reply = Value;

    async fn handle(_: Call<'_, Anyone>, _: Nothing) -> Result<Value, Failure> {
        Ok(openapi::document(crate::FUNCTIONS))
    }
}
