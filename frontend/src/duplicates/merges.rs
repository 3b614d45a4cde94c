use std::rc::Rc;

use guanxi_api::{CustomerMerge, Page as Rows};
use yew::prelude::*;
use yew_router::Routable;

use super::PAGE;
use super::compare::moved_words;
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::kept::use_kept;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Button, Column, ConfirmDialog, EmptyState, ErrorPanel, HelpNote, Icon, Link, OnPhone, Pagination, Row,
    Skeleton, Table, Time, use_toasts,
};

/// Customers that were merged, the last first.
#[function_component]
pub fn MergesTab() -> Html {
    let (i, toasts, settings) = (use_i18n(), use_toasts(), use_settings());
    let undoes = use_me().is_some_and(|me| may(&me, right::MERGE_CUSTOMERS));
    let cursors = use_kept("merges-cursors", Vec::<String>::new);
    let undoing = use_state(|| None::<CustomerMerge>);
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<CustomerMerge>, _, _>(
        Some(format!("customer-merges?{cursor}")),
        move || async move { api::duplicates::merges("", &cursor).await },
    );
    let reload = rows.reload.clone();
    let columns = Rc::new(vec![
        Column::new("survivor", i.t(Msg::MergeSurvivor)).phone(OnPhone::Title),
        Column::new("merged", i.t(Msg::MergeMerged)).phone(OnPhone::Line),
        Column::new("moved", i.t(Msg::MergeMoved)).long().phone(OnPhone::Line),
        Column::new("merged_at", i.t(Msg::MergeAt)).phone(OnPhone::Line),
        Column::new("merged_by", i.t(Msg::MergeBy)).phone(OnPhone::Line),
        Column::new("acts", i.t(Msg::MergeUndone)).phone(OnPhone::Line),
    ]);
    let row = |merge: &CustomerMerge| {
        let customer = |one: &guanxi_api::CustomerRef| {
            html! {
                <span class="twin"><Link to={Route::Customer { id: one.id }.to_path()} class="table__link">{ &one.name }</Link>
                    <span class="small muted">{ &one.customer_no }</span></span>
            }
        };
        let undo = cb!((undoing, merge), |_: MouseEvent| undoing.set(Some(merge.clone())));
        Row {
            key: merge.id.to_string().into(),
            name: merge.survivor.name.clone().into(),
            off: merge.undone_at.is_some(),
            cells: vec![
                customer(&merge.survivor),
                customer(&merge.merged),
                html! { { moved_words(&merge.moved, i) } },
                html! { <Time at={merge.merged_at} relative=true /> },
                html! { { merge.merged_by.as_ref().map(|user| user.display_name.clone()).unwrap_or_default() } },
                match merge.undone_at {
                    Some(at) => html! { <Time {at} relative=true /> },
                    None if undoes => {
                        html! { <Button small=true onclick={undo}>{ i.t(Msg::MergeUndo) }</Button> }
                    }
                    None => html!(),
                },
            ],
        }
    };
    let go_to = |to: Vec<String>| cb!((cursors, to), |()| cursors.set(to.clone()));
    let close = cb!((undoing), |()| undoing.set(None));
    let confirm = cb!((undoing, toasts, reload), |()| {
        let Some(merge) = (*undoing).clone() else { return };
        undoing.set(None);
        spawn!((toasts, reload, merge), {
            match api::duplicates::undo(&merge).await {
                Ok(_) => toasts.say(i.t(Msg::MergeUndoneSaid { name: &merge.merged.name })),
                Err(error) => toasts.fail(&error, i),
            }
            reload.emit(());
        });
    });
    html! {
        <>
            <HelpNote text={i.t(Msg::MergeHelp)} />
            { match (rows.remote.data.clone(), &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::Users} title={i.t(Msg::MergeNone)} text={i.t(Msg::MergeHelp)} /> },
                (Some(data), _) => {
                    let next = data.page.next.clone().map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
                    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
                    html! {
                        <>
                            <Table plain=true caption={i.t(Msg::PairsMerges)} {columns} letters={settings.now.shortcuts} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                            <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                        </>
                    }
                }
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::PairsFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=6 bare=true /> },
            } }
            if let Some(merge) = &*undoing {
                <ConfirmDialog title={i.t(Msg::MergeUndoTitle)} action={i.t(Msg::MergeUndo)} onconfirm={confirm} onclose={close}>
                    <p>{ i.t(Msg::MergeUndoText { survivor: &merge.survivor.name, merged: &merge.merged.name }) }</p>
                </ConfirmDialog>
            }
        </>
    }
}
