use guanxi_api::{
    CustomerKind, CustomerSource, CustomerStatus, CustomerSummary, Gender, Money, RfmClass, RiskAttribute,
    TagRef, Tier,
};
use yew::prelude::*;
use yew_router::Routable;

use super::completeness::missing_words;
use super::tone_of;
use crate::api::segments::NamedSegment;
use crate::i18n::{I18n, Msg};
use crate::labels::{Label, options, yes_no};
use crate::route::Route;
use crate::ui::{
    Badge, Column, FilterField, FilterKind, GradeMark, Link, OnPhone, Row, TagMark, TierMark, Time,
};

/// The columns that are shown to someone who has chosen none.
pub const DEFAULT: [&str; 8] =
    ["name", "customer_no", "tier", "aum", "status", "phone", "owner", "updated_at"];

/// What some roles see masked, and so can neither filter nor sort by.
const SENSITIVE: [&str; 22] = [
    "data_gap",
    "tags",
    "tag_id",
    "tier",
    "aum",
    "average_aum",
    "promotion_candidate",
    "promotion_gap",
    "in_grace",
    "demotes_on",
    "hidden_gem",
    "largest_transaction",
    "largest_transaction_on",
    "grade",
    "grade_score",
    "contribution",
    "lifetime_value",
    "rfm_class",
    "rfm_recency",
    "rfm_frequency",
    "rfm_monetary",
    "last_purchase_on",
];

/// Every column of the customer list; `currency` is the unit of its figures. `limited`: the user sees no tiers and assets.
pub fn all(i: I18n, currency: &str, limited: bool) -> Vec<Column> {
    let assets = i.t(Msg::CustomerAumIn { currency });
    let mut columns = vec![
        Column::new("name", i.t(Msg::FieldName)).sort("name").phone(OnPhone::Title),
        Column::new("customer_no", i.t(Msg::FieldCustomerNo)).sort("customer_no").phone(OnPhone::Line),
        Column::new("kind", i.t(Msg::FieldKind)),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("aum", assets).number().sort("aum"),
        Column::new("promotion_gap", i.in_unit(Msg::FieldPromotionGap, currency))
            .number()
            .sort("promotion_gap"),
        Column::new("demotes_on", i.t(Msg::FieldDemotesOn)).sort("demotes_on"),
        Column::new("largest_transaction", i.in_unit(Msg::FieldLargestTransaction, currency))
            .number()
            .sort("largest_transaction"),
        Column::new("grade", i.t(Msg::FieldGrade)),
        Column::new("contribution", i.in_unit(Msg::FieldContribution, currency))
            .number()
            .sort("contribution"),
        Column::new("lifetime_value", i.in_unit(Msg::FieldLifetimeValue, currency))
            .number()
            .sort("lifetime_value"),
        Column::new("completeness", i.in_unit(Msg::FieldCompleteness, "%")).number().sort("completeness"),
        Column::new("missing", i.t(Msg::FieldMissing)).long(),
        Column::new("status", i.t(Msg::FieldStatus)).phone(OnPhone::Line),
        Column::new("phone", i.t(Msg::FieldPhone)).phone(OnPhone::Line),
        Column::new("tags", i.t(Msg::TagsTitle)).phone(OnPhone::Line),
        Column::new("gender", i.t(Msg::FieldGender)),
        Column::new("city", i.t(Msg::FieldCity)),
        Column::new("owner", i.t(Msg::FieldOwner)),
        Column::new("org_unit", i.t(Msg::FieldOrgUnit)),
        Column::new("customer_since", i.t(Msg::FieldCustomerSince)),
        Column::new("last_contacted_at", i.t(Msg::FieldLastContactedAt)).sort("last_contacted_at"),
        Column::new("created_at", i.t(Msg::FieldCreatedAt)).sort("created_at"),
        Column::new("updated_at", i.t(Msg::FieldUpdatedAt)).sort("updated_at"),
    ];
    columns.retain(|column| !(limited && SENSITIVE.contains(&column.key.as_str())));
    columns
}

/// Columns of the list that are amounts.
const AMOUNTS: [&str; 5] = ["aum", "promotion_gap", "largest_transaction", "contribution", "lifetime_value"];

/// The columns of a file that shows what these columns of the list show: the first amount has the currency of all of them beside it.
pub fn of_file(shown: &[AttrValue]) -> Vec<String> {
    let mut columns: Vec<String> = shown.iter().map(|key| key.to_string()).collect();
    if let Some(first) = columns.iter().position(|key| AMOUNTS.contains(&key.as_str())) {
        columns.insert(first + 1, "currency".to_owned());
    }
    columns
}

/// A line of the list, its cells in the order of `columns`.
pub fn row(customer: &CustomerSummary, columns: &[Column], i: I18n) -> Row {
    let text = |text: Option<&str>| html! { { text.unwrap_or("").to_owned() } };
    let money = |money: Option<&Money>| text(money.map(|money| i.amount(money.amount)).as_deref());
    let standing = customer.standing.as_ref();
    let value = customer.value.as_ref();
    let cell = |column: &Column| match column.key.as_str() {
        "name" => html! {
            <>
                <Link to={Route::Customer { id: customer.id }.to_path()} class="table__link">{ &customer.name }</Link>
                if customer.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }
            </>
        },
        "customer_no" => text(Some(&customer.customer_no)),
        "kind" => html! { { customer.kind.label(i) } },
        "tier" => customer.tier.map_or_else(|| text(None), |tier| html! { <TierMark {tier} /> }),
        "aum" => money(customer.aum.as_ref()),
        "promotion_gap" => money(standing.and_then(|s| s.promotion.as_ref()).map(|p| &p.missing)),
        "demotes_on" => text(standing.and_then(|s| s.demotes_on).map(|day| day.to_string()).as_deref()),
        "largest_transaction" => money(standing.and_then(|s| s.gem.as_ref()).map(|gem| &gem.amount)),
        "grade" => value.map_or_else(|| text(None), |value| html! { <GradeMark value={value.clone()} /> }),
        "contribution" => money(value.map(|value| &value.contribution)),
        "lifetime_value" => money(value.map(|value| &value.lifetime_value)),
        "completeness" => {
            text(customer.completeness.as_ref().map(|known| known.score.to_string()).as_deref())
        }
        "missing" => {
            html! { if let Some(known) = &customer.completeness { <span>{ missing_words(known, i) }</span> } }
        }
        "status" => html! { <Badge tone={tone_of(customer.status)}>{ customer.status.label(i) }</Badge> },
        "phone" => text(customer.phone.as_deref()),
        "tags" => tag_marks(customer.tags.as_deref().unwrap_or_default(), i),
        "gender" => html! { { customer.gender.map(|gender| gender.label(i)).unwrap_or_default() } },
        "city" => text(customer.city.as_deref()),
        "owner" => text(customer.owner.as_ref().map(|owner| owner.display_name.as_str())),
        "org_unit" => text(Some(customer.org_unit.name.in_language(i.lang))),
        "customer_since" => text(customer.customer_since.map(|date| date.to_string()).as_deref()),
        "last_contacted_at" => match customer.last_contacted_at {
            Some(at) => html! { <Time {at} relative=true /> },
            None => html!(),
        },
        "created_at" => html! { <Time at={customer.created_at} /> },
        "updated_at" => html! { <Time at={customer.updated_at} relative=true /> },
        _ => html!(),
    };
    Row {
        key: customer.id.to_string().into(),
        name: customer.name.clone().into(),
        cells: columns.iter().map(cell).collect(),
        off: customer.archived_at.is_some(),
    }
}

/// Tags of a line as far as there is room; the names of the others are told when pointed at.
fn tag_marks(tags: &[TagRef], i: I18n) -> Html {
    const ROOM: usize = 3;
    let (first, rest) = tags.split_at(tags.len().min(ROOM));
    if first.is_empty() {
        return html!();
    }
    let names: Vec<&str> = rest.iter().map(|tag| tag.name.as_str()).collect();
    html! {
        <span class="tags">
            { for first.iter().map(|tag| html! { <TagMark tag={tag.clone()} /> }) }
            if !rest.is_empty() { <span class="small muted" title={names.join(&i.t(Msg::CommonListComma))}>{ format!("+{}", rest.len()) }</span> }
        </span>
    }
}

/// The fields that the list can be narrowed by without naming anyone, so that they may stand in an address.
pub fn filters(
    i: I18n,
    units: Vec<(AttrValue, AttrValue)>,
    owners: Option<FilterKind>,
    (schemes, tags): (&[NamedSegment], FilterKind),
    limited: bool,
) -> Vec<FilterField> {
    let field = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let mut fields = vec![
        field("status", Msg::FieldStatus, FilterKind::Codes(options::<CustomerStatus>(i)), false),
        field("tier", Msg::FieldTier, FilterKind::Codes(options::<Tier>(i)), false),
        field("kind", Msg::FieldKind, FilterKind::Codes(options::<CustomerKind>(i)), false),
        field("aum", Msg::FieldAum, FilterKind::Number, false),
        field("org_unit_id", Msg::FieldOrgUnit, FilterKind::Codes(units), false),
        field("gender", Msg::FieldGender, FilterKind::Codes(options::<Gender>(i)), true),
        field("city", Msg::FieldCity, FilterKind::Text, true),
        field(
            "risk_attribute",
            Msg::FieldRiskAttribute,
            FilterKind::Codes(options::<RiskAttribute>(i)),
            true,
        ),
        field("source", Msg::FieldSource, FilterKind::Codes(options::<CustomerSource>(i)), true),
        field("customer_since", Msg::FieldCustomerSince, FilterKind::Date, true),
        field("last_contacted_at", Msg::FieldLastContactedAt, FilterKind::Ago, false),
        field("archived", Msg::CommonArchived, FilterKind::Codes(yes_no(i)), false),
        field("do_not_contact", Msg::FieldDoNotContact, FilterKind::Codes(yes_no(i)), false),
        field("restricted", Msg::RestrictionTitle, FilterKind::Codes(yes_no(i)), false),
        field("completeness", Msg::FieldCompleteness, FilterKind::Number, false),
        field("data_gap", Msg::FieldDataGap, FilterKind::Codes(yes_no(i)), false),
        field("average_aum", Msg::FieldAverageAum, FilterKind::Number, false),
        field("promotion_candidate", Msg::FieldPromotionCandidate, FilterKind::Codes(yes_no(i)), false),
        field("promotion_gap", Msg::FieldPromotionGap, FilterKind::Number, false),
        field("in_grace", Msg::FieldInGrace, FilterKind::Codes(yes_no(i)), false),
        field("demotes_on", Msg::FieldDemotesOn, FilterKind::Date, false),
        field("hidden_gem", Msg::FieldHiddenGem, FilterKind::Codes(yes_no(i)), false),
        field("largest_transaction", Msg::FieldLargestTransaction, FilterKind::Number, false),
        field("largest_transaction_on", Msg::FieldLargestTransactionOn, FilterKind::Date, true),
        field("grade", Msg::FieldGrade, FilterKind::Text, true),
        field("grade_score", Msg::FieldGradeScore, FilterKind::Number, false),
        field("contribution", Msg::FieldContribution, FilterKind::Number, false),
        field("lifetime_value", Msg::FieldLifetimeValue, FilterKind::Number, false),
        field("rfm_class", Msg::FieldRfmClass, FilterKind::Codes(options::<RfmClass>(i)), true),
        field("rfm_recency", Msg::FieldRfmRecency, FilterKind::Number, true),
        field("rfm_frequency", Msg::FieldRfmFrequency, FilterKind::Number, true),
        field("rfm_monetary", Msg::FieldRfmMonetary, FilterKind::Number, true),
        field("last_purchase_on", Msg::FieldLastPurchaseOn, FilterKind::Date, true),
    ];
    let named = |one: &NamedSegment| -> (AttrValue, AttrValue) {
        (one.code.clone().into(), one.name.in_language(i.lang).to_owned().into())
    };
    let in_use = || schemes.iter().filter(|scheme| scheme.archived_at.is_none());
    let segments = in_use().flat_map(|scheme| &scheme.segments).filter(|one| one.archived_at.is_none());
    fields.extend([
        field("segment", Msg::FieldSegment, FilterKind::Set(segments.map(named).collect()), false),
        field("tag_id", Msg::TagsTitle, tags, true),
        field("unplaced", Msg::FieldUnplaced, FilterKind::Set(in_use().map(named).collect()), false),
    ]);
    if let Some(owners) = owners {
        fields.insert(5, field("owner_id", Msg::FieldOwner, owners, true));
    }
    fields.retain(
        |field| !matches!(&field.kind, FilterKind::Codes(codes) | FilterKind::Set(codes) if codes.is_empty()),
    );
    fields.retain(|field| !(limited && SENSITIVE.contains(&field.key.as_str())));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(shown: &[&str]) -> Vec<String> {
        of_file(&shown.iter().map(|key| AttrValue::from((*key).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn a_file_says_once_what_its_amounts_are_counted_in() {
        assert_eq!(file(&["name", "aum", "contribution"]), ["name", "aum", "currency", "contribution"]);
        assert_eq!(file(&["contribution", "name"]), ["contribution", "currency", "name"]);
        assert_eq!(file(&["name", "phone"]), ["name", "phone"]);
    }
}
