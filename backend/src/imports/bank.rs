//! What a step of an import has to know of the bank, each thing asked once.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chrono::NaiveDate;
use guanxi_api::{Rate, RecordField};
use guanxi_db::{DbConn, Moment};

use crate::access::{Actor, OrgUnitId, UserId};
use crate::customers::CustomerId;
use crate::error::{Error, FieldError, Result};
use crate::imports::brought::{loaded, prepared};
use crate::imports::mapping::Places;
use crate::imports::records::{BroughtContact, BroughtHolding, BroughtRelation, NamedProduct};
use crate::installation::Settings;
use crate::products;
use crate::surveys::{self, Asked};
use crate::{holdings, interactions, org, relations};

/// The bank, as a step of an import asks for it.
pub(super) struct Bank<'a> {
    conn: &'a mut DbConn,
    settings: &'a Settings,
    actor: &'a Actor,
    rates: Option<BTreeMap<String, Rate>>,
    units: HashMap<String, Option<OrgUnitId>>,
    users: HashMap<String, Option<UserId>>,
    products: HashMap<String, Option<NamedProduct>>,
    surveys: HashMap<String, Option<Rc<Asked>>>,
}

impl<'a> Bank<'a> {
    pub(super) fn new(conn: &'a mut DbConn, settings: &'a Settings, actor: &'a Actor) -> Self {
        Bank {
            conn,
            settings,
            actor,
            rates: None,
            units: HashMap::new(),
            users: HashMap::new(),
            products: HashMap::new(),
            surveys: HashMap::new(),
        }
    }
}

/// What is known of a name; asked for the first time only.
fn known<T: Clone>(
    known: &mut HashMap<String, Option<T>>,
    name: &str,
    ask: impl FnOnce() -> Result<Option<T>>,
) -> Result<Option<T>> {
    if let Some(found) = known.get(name) {
        return Ok(found.clone());
    }
    let found = ask()?;
    known.insert(name.to_owned(), found.clone());
    Ok(found)
}

/// What another room's check found, by the fields of records that its members come from.
fn found(
    checked: Result<()>,
    fields: &[(&str, RecordField)],
    other: RecordField,
) -> Vec<(RecordField, FieldError)> {
    let errors = checked.map_or_else(|error: Error| error.fields, |()| Vec::new());
    let at = |pointer: &str| {
        fields.iter().find(|(member, _)| *member == pointer).map_or(other, |(_, field)| *field)
    };
    errors.into_iter().map(|field| (at(&field.pointer), field)).collect()
}

impl Places for Bank<'_> {
    fn unit(&mut self, code: &str) -> Result<Option<OrgUnitId>> {
        known(&mut self.units, code, || org::unit_by_code(self.conn, code))
    }

    fn user(&mut self, username: &str) -> Result<Option<UserId>> {
        known(&mut self.users, username, || org::user_by_name(self.conn, username))
    }

    fn product(&mut self, code: &str) -> Result<Option<NamedProduct>> {
        known(&mut self.products, code, || {
            let product = products::product_by_code(self.conn, code)?.filter(|product| !product.archived);
            Ok(product.map(|product| NamedProduct {
                id: product.id,
                currency: product.currency,
                term_days: product.term_days,
            }))
        })
    }

    fn has_rate(&mut self, currency: &str) -> Result<bool> {
        if self.rates.is_none() {
            let today = self.settings.day(self.actor.now());
            self.rates = Some(products::rates_of_day(self.conn, self.settings, today)?);
        }
        Ok(self.rates.as_ref().is_some_and(|rates| rates.contains_key(currency)))
    }

    fn survey(&mut self, name: &str) -> Result<Option<Rc<Asked>>> {
        known(&mut self.surveys, name, || Ok(surveys::survey_named(self.conn, name)?.map(Rc::new)))
    }

    fn now(&self) -> Moment {
        self.actor.now()
    }

    fn start_of(&self, day: NaiveDate) -> Moment {
        self.settings.start_of(day)
    }

    fn wrong_holding(&self, holding: &BroughtHolding) -> Vec<(RecordField, FieldError)> {
        let nobody = CustomerId::new(uuid::Uuid::nil());
        let today = self.settings.day(self.actor.now());
        let fields = [
            ("/opened_on", RecordField::OpenedOn),
            ("/matures_on", RecordField::MaturesOn),
            ("/reference", RecordField::Reference),
        ];
        found(holdings::check(&loaded(self.actor, nobody, holding), today), &fields, RecordField::Amount)
    }

    fn wrong_contact(&self, contact: &BroughtContact) -> Vec<(RecordField, FieldError)> {
        let nobody = CustomerId::new(uuid::Uuid::nil());
        let fields = [("/occurred_at", RecordField::OccurredOn)];
        let checked = interactions::check(&prepared(self.actor, nobody, contact), self.actor.now());
        found(checked, &fields, RecordField::Notes)
    }

    fn wrong_relation(&self, relation: &BroughtRelation) -> Vec<(RecordField, FieldError)> {
        let today = self.settings.day(self.actor.now());
        let found = relations::check_told(relation.role, &relation.told, today);
        found.into_iter().map(|field| (relation_field(&field.pointer), field)).collect()
    }
}

/// The field of a record that a member of a relation comes from.
pub(super) fn relation_field(pointer: &str) -> RecordField {
    match pointer {
        "/role" => RecordField::OtherRole,
        "/share_percent" => RecordField::SharePercent,
        "/title" => RecordField::Title,
        "/authority" => RecordField::Authority,
        "/since" => RecordField::Since,
        "/until" => RecordField::Until,
        "/note" => RecordField::Note,
        _ => RecordField::OtherExternalId,
    }
}
