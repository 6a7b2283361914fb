//! What a seller's browser does with a consent page, for the demo: open it, and tell where it ended.
//!
//! Only for servers on this machine: a real consent is given by a person.

use super::HttpError;
use url::Url;

/// Opens `page` and returns the address that it redirects to, as a person would copy it from the address bar.
///
/// # Errors
/// A page that is not on this machine, that does not answer, or that redirects nowhere.
pub async fn redirect_of(page: &str) -> Result<String, HttpError> {
    let url = Url::parse(page).map_err(|e| not_sent(&format!("no address: {e}")))?;
    if !super::is_this_machine(&url) {
        return Err(not_sent(
            "a consent page on the network is opened by a person",
        ));
    }
    // Fails where one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    let client = client.map_err(|_| not_sent("no HTTP client"))?;
    let reply = client
        .get(url)
        .send()
        .await
        .map_err(|_| not_sent("the consent page does not answer"))?;
    let location = reply
        .headers()
        .get(reqwest::header::LOCATION)
        .and_then(|l| l.to_str().ok());
    location
        .map(str::to_owned)
        .ok_or_else(|| not_sent("the consent page redirects nowhere"))
}

fn not_sent(why: &str) -> HttpError {
    HttpError::NotSent(crate::text::sanitise(why))
}
