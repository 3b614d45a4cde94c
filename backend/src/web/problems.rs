use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, web};
use guanxi_api::Language;

use crate::error::{Code, Error, Result};
use crate::messages;
use crate::web::RequestContext;

/// A readable page about a kind of problem: where `type` of a problem document leads.
#[get("/problems/{code}")]
pub async fn problem_page(request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse> {
    let code = Code::from_code(&code).ok_or_else(Error::not_found)?;
    let language =
        request.extensions().get::<RequestContext>().map_or(Language::En, |context| context.language);
    let text = messages::problem(language, code).ok_or_else(Error::not_found)?;
    let detail = text.detail.replace("{count}", "1");
    let page = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<main>\n<h1>{title}</h1>\n<p><code>{code}</code> · HTTP {status}</p>\n<p>{detail}</p>\n<p>{help}</p>\n</main>\n</html>\n",
        title = text.title,
        code = code.as_str(),
        status = code.status(),
        help = text.help,
    );
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Language", language.as_str()))
        .insert_header(("Vary", "accept-language"))
        .body(page))
}
