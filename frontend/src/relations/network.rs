use std::collections::HashMap;
use std::f64::consts::TAU;

use guanxi_api::{Network, Referrals};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::name_of;
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::{self, Route};
use crate::ui::{ErrorPanel, Panel, Skeleton};

/// How far from the middle the rings lie.
const RINGS: [f64; 3] = [0.0, 130.0, 235.0];
/// Beside the outermost ring, for the names there.
const MARGIN: f64 = 70.0;
/// Letters of a name or a role that have room.
const ROOM: usize = 6;

#[derive(Properties, PartialEq)]
pub struct AboutProps {
    /// The customer.
    pub id: Uuid,
}

/// A drawing of the customers around one. The list of relations says the same in words.
#[function_component]
pub fn NetworkPanel(props: &AboutProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let network = use_query::<Network, _, _>(Some(format!("relations/network/{id}")), move || {
        api::relations::network(id)
    });
    html! {
        <Panel title={i.t(Msg::RelationsNetwork)}>
            { match (&network.remote.data, &network.remote.error) {
                (Some(network), _) if network.nodes.len() < 2 => html! { <p class="muted">{ i.t(Msg::RelationsNetworkNone) }</p> },
                (Some(network), _) => html! {
                    <>
                        { draw(network, i) }
                        if network.more { <p class="small muted">{ i.t(Msg::RelationsNetworkMore) }</p> }
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::RelationsFailed)} error={error.clone()} retry={network.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=6 /> },
            } }
        </Panel>
    }
}

fn short(text: &str) -> String {
    if text.chars().count() > ROOM {
        text.chars().take(ROOM - 1).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

/// Where each customer stands: those of a ring at equal angles, the outer ring near what it hangs on.
fn places(network: &Network, (width, height): (f64, f64)) -> HashMap<Uuid, (f64, f64)> {
    let mut angles: HashMap<Uuid, f64> = HashMap::new();
    let mut places = HashMap::new();
    for distance in 0..=2_u32 {
        let mut ring: Vec<Uuid> = network
            .nodes
            .iter()
            .filter(|node| node.distance == distance)
            .map(|node| node.customer.id)
            .collect();
        let towards = |id: &Uuid| {
            let neighbours = network.edges.iter().filter_map(|edge| match () {
                () if edge.from == *id => angles.get(&edge.to),
                () if edge.to == *id => angles.get(&edge.from),
                () => None,
            });
            neighbours
                .copied()
                .fold(None, |least: Option<f64>, angle| Some(least.map_or(angle, |l| l.min(angle))))
        };
        let wish: HashMap<Uuid, f64> = ring.iter().filter_map(|id| Some((*id, towards(id)?))).collect();
        ring.sort_by(|a, b| {
            wish.get(a).partial_cmp(&wish.get(b)).unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(b))
        });
        let step = TAU / ring.len().max(1) as f64;
        for (n, id) in ring.into_iter().enumerate() {
            let angle = n as f64 * step - TAU / 4.0;
            angles.insert(id, angle);
            let radius = RINGS[distance as usize];
            places.insert(id, (width / 2.0 + radius * angle.cos(), height / 2.0 + radius * angle.sin()));
        }
    }
    places
}

fn draw(network: &Network, i: I18n) -> Html {
    // No room for a ring that nobody stands on.
    let outermost = network.nodes.iter().map(|node| node.distance).max().unwrap_or_default();
    let radius = RINGS[outermost.min(2) as usize];
    let (width, height) = (2.0 * (radius + MARGIN), 2.0 * radius + 80.0);
    let places = places(network, (width, height));
    let lines = network.edges.iter().filter_map(|edge| {
        let ((x1, y1), (x2, y2)) = (places.get(&edge.from)?, places.get(&edge.to)?);
        let (x, y) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        Some(html! {
            <g key={edge.relation_id.to_string()} class={classes!("network__edge", edge.ended.then_some("network__edge--ended"))}>
                <line x1={x1.to_string()} y1={y1.to_string()} x2={x2.to_string()} y2={y2.to_string()} />
                <text x={x.to_string()} y={(y - 3.0).to_string()}>{ short(&edge.role.label(i)) }</text>
            </g>
        })
    });
    let nodes = network.nodes.iter().filter_map(|node| {
        let (x, y) = places.get(&node.customer.id)?;
        let (id, own) = (node.customer.id, node.distance == 0);
        let onclick = move |_: MouseEvent| {
            if !own {
                route::go(&format!("{}?tab=relations", Route::Customer { id }.to_path()));
            }
        };
        let is_firm = node.customer.kind == guanxi_api::CustomerKind::Organisation;
        let (x, y) = (*x, *y);
        Some(html! {
            <g key={id.to_string()} class={classes!("network__node", own.then_some("network__node--own"))} {onclick}>
                <title>{ format!("{} · {}", node.customer.name, node.customer.tier.label(i)) }</title>
                if is_firm {
                    <rect x={(x - 14.0).to_string()} y={(y - 14.0).to_string()} width="28" height="28" rx="5" />
                } else {
                    <circle cx={x.to_string()} cy={y.to_string()} r="15" />
                }
                <text x={x.to_string()} y={(y + 31.0).to_string()}>{ short(&node.customer.name) }</text>
            </g>
        })
    });
    let count = i.number(network.nodes.len().saturating_sub(1) as u32);
    let label = i.t(Msg::RelationsDrawing { count: &count });
    let near = outermost < 2;
    let drawing = html! {
        <svg class={classes!("network", near.then_some("network--near"))} viewBox={format!("0 0 {width} {height}")} role="img" aria-label={&label}>
            { for lines }
            { for nodes }
        </svg>
    };
    if near {
        return drawing;
    }
    // On a phone one looks at a part of it, in letters that can be read.
    html! { <div class="network__frame" tabindex="0" role="group" aria-label={label}>{ drawing }</div> }
}

/// Who has brought the customer, over whom, and whom the customer has brought.
#[function_component]
pub fn ReferralsPanel(props: &AboutProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let referrals = use_query::<Referrals, _, _>(Some(format!("relations/referrals/{id}")), move || {
        api::relations::referrals(id)
    });
    html! {
        <Panel title={i.t(Msg::RelationsReferrals)}>
            { match (&referrals.remote.data, &referrals.remote.error) {
                (Some(found), _) if found.chain.is_empty() && found.referred.is_empty() => html! { <p class="muted">{ i.t(Msg::RelationsReferralsNone) }</p> },
                (Some(found), _) => html! {
                    <>
                        if !found.chain.is_empty() {
                            <h3>{ i.t(Msg::RelationsChain) }</h3>
                            <ol class="chain">{ for found.chain.iter().map(|customer| html! { <li>{ name_of(customer.as_ref(), i) }</li> }) }</ol>
                        }
                        if !found.referred.is_empty() {
                            <h3>{ i.t(Msg::RelationsBrought { amount: &format!("{} {}", i.short_amount(found.referred_aum.amount), found.referred_aum.currency) }) }</h3>
                            <ul class="chain">{ for found.referred.iter().map(|customer| html! { <li>{ name_of(Some(customer), i) }</li> }) }</ul>
                        }
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::RelationsFailed)} error={error.clone()} retry={referrals.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=2 /> },
            } }
        </Panel>
    }
}
