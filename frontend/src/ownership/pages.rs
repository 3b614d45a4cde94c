use std::future::Future;

use guanxi_api::Page as Rows;
use yew::prelude::*;

use super::PAGE;
use crate::api::ApiError;
use crate::fetch::{Query, use_query};
use crate::i18n::{I18n, Msg};
use crate::kept::{Kept, use_kept};
use crate::ui::{ErrorPanel, Pagination, Skeleton};

/// A list that is read page by page.
pub struct Pages<T> {
    rows: Query<Rows<T>>,
    cursors: Kept<Vec<String>>,
}

/// Reads the page of a named list that one has turned to; `read` takes the cursor.
#[hook]
pub fn use_pages<T, A>(name: String, read: impl FnOnce(String) -> A + 'static) -> Pages<T>
where
    T: 'static,
    A: Future<Output = Result<Rows<T>, ApiError>> + 'static,
{
    let cursors = use_kept(format!("cursors-{name}"), Vec::<String>::new);
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query(Some(format!("{name}?{cursor}")), move || read(cursor));
    Pages { rows, cursors }
}

impl<T> Pages<T> {
    /// Asks for the page again.
    pub fn reload(&self) -> Callback<()> {
        self.rows.reload.clone()
    }

    /// Asks again when what follows from a change is there, within a second.
    pub fn reload_soon(&self) -> Callback<()> {
        let reload = self.reload();
        cb!((reload), |()| {
            spawn!((reload), {
                gloo_timers::future::TimeoutFuture::new(900).await;
                reload.emit(());
            });
        })
    }

    /// Turns to the first page, as for another filter.
    pub fn restart(&self) -> Callback<()> {
        let cursors = self.cursors.clone();
        cb!((cursors), |()| cursors.set(Vec::new()))
    }

    /// The page: `table` of its rows, or what stands there when there are none, while they are read and when that failed.
    pub fn show(&self, empty: Html, table: impl FnOnce(&[T]) -> Html, i: I18n) -> Html {
        let cursors = &self.cursors;
        let go_to = |to: Vec<String>| cb!((cursors, to), |()| cursors.set(to.clone()));
        match (&self.rows.remote.data, &self.rows.remote.error) {
            (Some(data), _) if data.data.is_empty() && cursors.is_empty() => empty,
            (Some(data), _) => {
                let next =
                    data.page.next.clone().map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
                let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
                html! {
                    <>
                        { table(&data.data) }
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                    </>
                }
            }
            (None, Some(error)) => html! {
                <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={self.rows.reload.clone()} />
            },
            (None, None) => html! { <Skeleton rows=8 bare=true /> },
        }
    }
}
