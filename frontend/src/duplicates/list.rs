use std::rc::Rc;

use guanxi_api::{DuplicatePair, Page as Rows};
use yew::prelude::*;
use yew_router::Routable;

use super::{PAGE, evidence, side};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::kept::use_kept;
use crate::route::Route;
use crate::settings::use_settings;
use crate::ui::{
    Column, EmptyState, ErrorPanel, HelpNote, Icon, Link, OnPhone, Pagination, Row, Skeleton, Table, Time,
};

#[derive(Properties, PartialEq)]
pub struct PairsTabProps {
    pub state: AttrValue,
}

/// Pairs of a state, the likeliest first.
#[function_component]
pub fn PairsTab(props: &PairsTabProps) -> Html {
    let (i, settings) = (use_i18n(), use_settings());
    let cursors = use_kept(format!("pairs-cursors-{}", props.state), Vec::<String>::new);
    let cursor = cursors.last().cloned().unwrap_or_default();
    let state = props.state.clone();
    let is_open = state == "open";
    let rows = use_query::<Rows<DuplicatePair>, _, _>(
        Some(format!("duplicates?{state}&{cursor}")),
        move || async move { api::duplicates::list(&format!(r#"state eq "{state}""#), &cursor).await },
    );
    let mut columns = vec![
        Column::new("score", i.t(Msg::PairsScore)).number().phone(OnPhone::Mark),
        Column::new("one", i.t(Msg::PairsOne)).phone(OnPhone::Title),
        Column::new("other", i.t(Msg::PairsOther)).phone(OnPhone::Line),
        Column::new("evidence", i.t(Msg::PairsEvidence)).long().phone(OnPhone::Line),
    ];
    if is_open {
        columns.push(Column::new("found_at", i.t(Msg::PairsFoundAt)).phone(OnPhone::Line));
        columns.push(Column::new("acts", i.t(Msg::OwnershipActs)).phone(OnPhone::Line));
    } else {
        columns.push(Column::new("reason", i.t(Msg::PairsReason)).long().phone(OnPhone::Line));
        columns.push(Column::new("acts", i.t(Msg::PairsDecided)).phone(OnPhone::Line));
    }
    let columns = Rc::new(columns);
    let row = |pair: &DuplicatePair| {
        let to = Route::Duplicate { id: pair.id }.to_path();
        let both = |n: usize| pair.customers.get(n).map(|one| side(one, i)).unwrap_or_default();
        let name = pair.customers.iter().find_map(|side| side.customer.as_ref()).map(|one| one.name.clone());
        let name = AttrValue::from(name.unwrap_or_default());
        let mut cells =
            vec![html! { <b>{ i.number(u32::from(pair.score)) }</b> }, both(0), both(1), evidence(pair, i)];
        if is_open {
            cells.push(html! { <Time at={pair.found_at} relative=true /> });
            cells.push(html! { <Link {to} class="button button--small" label={i.t(Msg::PairsCompareOf { name: &name })}>{ i.t(Msg::PairsCompare) }</Link> });
        } else {
            cells.push(html! { { pair.reason.clone().unwrap_or_default() } });
            let who = pair.decided_by.as_ref().map(|user| user.display_name.clone()).unwrap_or_default();
            cells.push(html! { <Link {to} class="table__link">{ who }</Link> });
        }
        Row { key: pair.id.to_string().into(), name, off: false, cells }
    };
    let go_to = |to: Vec<String>| cb!((cursors, to), |()| cursors.set(to.clone()));
    html! {
        <>
            <HelpNote text={i.t(if is_open { Msg::PairsHelp } else { Msg::PairsHelpDismissed })} />
            { match (rows.remote.data.clone(), &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::Users} title={i.t(Msg::PairsNone)} text={i.t(if is_open { Msg::PairsNoneText } else { Msg::PairsHelpDismissed })} /> },
                (Some(data), _) => {
                    let next = data.page.next.clone().map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
                    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
                    html! {
                        <>
                            <Table plain=true caption={i.t(Msg::NavDuplicates)} {columns} letters={settings.now.shortcuts} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                            <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                        </>
                    }
                }
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::PairsFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=6 bare=true /> },
            } }
        </>
    }
}
