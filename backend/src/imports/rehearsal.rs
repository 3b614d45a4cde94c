//! Reading a file as an import does, in a bank that knows every name: for robustness tests, which try what strangers may send.

use std::io::Cursor;
use std::rc::Rc;

use chrono::NaiveDate;
use guanxi_api::{FieldMapping, FileLayout, ImportField, ImportMapping, RecordField};
use guanxi_db::Moment;
use uuid::Uuid;

use crate::access::{OrgUnitId, UserId};
use crate::error::{FieldError, Result};
use crate::imports::mapping::{Places, Plan};
use crate::imports::reading::{Records, decoded, unpacked};
use crate::imports::records::{BroughtContact, BroughtHolding, BroughtRelation, NamedProduct};
use crate::imports::{columns, workbook};
use crate::products::ProductId;
use crate::surveys::Asked;
use crate::web::read_json;

/// Reads a file by a mapping, both of which may be anything; without a mapping that can be read, by what the columns seem to hold.
pub fn rehearse(file: &[u8], mapping: &[u8]) {
    let Ok(inspected) = columns::inspect(file, true, &FileLayout::default()) else { return };
    let names: Vec<String> = inspected.columns.iter().map(|column| column.name.clone()).collect();
    let guessed = || ImportMapping {
        source: "rehearsal".to_owned(),
        customer: inspected
            .columns
            .iter()
            .filter_map(|column| Some((column.suggestion?, &column.name)))
            .chain(names.first().map(|name| (ImportField::ExternalId, name)))
            .map(|(field, name)| FieldMapping {
                field,
                from: format!("{{{}}}", name.replace('{', "{{").replace('}', "}}")),
                values: Default::default(),
                otherwise: None,
            })
            .collect(),
        records: Vec::new(),
    };
    let mapping = read_json::<ImportMapping>(mapping).unwrap_or_else(|_| guessed());
    let Ok(plan) = Plan::of(&mapping, &names) else { return };
    let Ok(text) = unpacked(Cursor::new(file.to_vec()), file.len() as u64) else { return };
    let (encoding, delimiter) = (inspected.layout.encoding, inspected.layout.delimiter);
    let (Some(encoding), Some(delimiter)) = (encoding, delimiter) else { return };
    let mut records = Records::new(decoded(text, encoding), delimiter);
    while let Ok(Some(record)) = records.next() {
        plan.key(&record);
        if let Err(error) = plan.read(&record, &mut Everywhere) {
            for field in &error.fields {
                plan.origin(&record, &field.pointer);
            }
        }
    }
}

/// Reads a workbook, which may be anything.
pub fn rehearse_workbook(file: &[u8]) {
    drop(workbook::to_text(file.to_vec(), None, &mut |_| Ok(())));
}

/// A bank that has whatever it is asked for, but no surveys.
struct Everywhere;

impl Places for Everywhere {
    fn unit(&mut self, _: &str) -> Result<Option<OrgUnitId>> {
        Ok(Some(OrgUnitId::new(Uuid::nil())))
    }

    fn user(&mut self, _: &str) -> Result<Option<UserId>> {
        Ok(Some(UserId::new(Uuid::nil())))
    }

    fn product(&mut self, _: &str) -> Result<Option<NamedProduct>> {
        let (id, currency) = (ProductId::new(Uuid::nil()), "CNY".to_owned());
        Ok(Some(NamedProduct { id, currency, term_days: Some(30) }))
    }

    fn has_rate(&mut self, _: &str) -> Result<bool> {
        Ok(true)
    }

    fn survey(&mut self, _: &str) -> Result<Option<Rc<Asked>>> {
        Ok(None)
    }

    fn now(&self) -> Moment {
        Moment(1_800_000_000_000_000)
    }

    fn start_of(&self, day: NaiveDate) -> Moment {
        Moment(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
    }

    fn wrong_holding(&self, _: &BroughtHolding) -> Vec<(RecordField, FieldError)> {
        Vec::new()
    }

    fn wrong_contact(&self, _: &BroughtContact) -> Vec<(RecordField, FieldError)> {
        Vec::new()
    }

    fn wrong_relation(&self, _: &BroughtRelation) -> Vec<(RecordField, FieldError)> {
        Vec::new()
    }
}
