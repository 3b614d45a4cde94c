//! From a record to what it says of a customer: pure rules.

use std::collections::HashSet;
use std::rc::Rc;

use chrono::{Datelike, NaiveDate};
use guanxi_api::{
    BulkCustomer, BusinessState, Channel, CustomerKind, CustomerSource, CustomerStatus, FieldMapping, Gender,
    IdentityKind, ImportField, ImportMapping, ImportTarget, IncomeBand, Language, MaritalStatus,
    OrganisationSize, RecordField, RiskAttribute,
};
use guanxi_db::Moment;
use serde_json::{Map, Value, json};

use crate::access::{OrgUnitId, UserId};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::imports::reading::Record;
use crate::imports::records::{
    Brought, BroughtContact, BroughtHolding, BroughtRelation, NamedProduct, PlannedRecord,
};
use crate::imports::templates::Origin;
use crate::imports::{values, words};
use crate::surveys::Asked;
use crate::text;
use crate::web::read_json;

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it stands.
    Text,
    Code(&'static [&'static str]),
    Date,
    Whole,
}

/// The codes of a field that has some.
#[cfg(test)]
pub(super) fn codes_of(field: ImportField) -> Option<&'static [&'static str]> {
    match form(field) {
        Form::Code(codes) => Some(codes),
        Form::Text | Form::Date | Form::Whole => None,
    }
}

fn form(field: ImportField) -> Form {
    match field {
        ImportField::Kind => Form::Code(CustomerKind::CODES),
        ImportField::Status => Form::Code(CustomerStatus::CODES),
        ImportField::Gender => Form::Code(Gender::CODES),
        ImportField::MaritalStatus => Form::Code(MaritalStatus::CODES),
        ImportField::IdentityKind => Form::Code(IdentityKind::CODES),
        ImportField::IncomeBand => Form::Code(IncomeBand::CODES),
        ImportField::PreferredChannel => Form::Code(Channel::CODES),
        ImportField::PreferredLanguage => Form::Code(Language::CODES),
        ImportField::Source => Form::Code(CustomerSource::CODES),
        ImportField::RiskAttribute => Form::Code(RiskAttribute::CODES),
        ImportField::BusinessState => Form::Code(BusinessState::CODES),
        ImportField::OrganisationSize => Form::Code(OrganisationSize::CODES),
        ImportField::BirthDate | ImportField::CustomerSince | ImportField::AgeAsOf => Form::Date,
        ImportField::BirthYear | ImportField::Age | ImportField::Children => Form::Whole,
        _ => Form::Text,
    }
}

const fn is_contact_point(field: ImportField) -> bool {
    matches!(field, ImportField::Phone | ImportField::Email | ImportField::Wechat | ImportField::Address)
}

#[derive(Clone, Debug)]
struct PlannedField {
    field: ImportField,
    form: Form,
    origin: Origin,
}

impl PlannedField {
    fn of(mapping: &FieldMapping, columns: &[String]) -> Result<Self, FieldError> {
        let FieldMapping { field, from, values, otherwise } = mapping;
        let origin = Origin::of(from, values, otherwise.as_deref(), columns)?;
        Ok(PlannedField { field: *field, form: form(*field), origin })
    }

    fn text(&self, record: &Record) -> Option<String> {
        match self.form {
            Form::Code(codes) => {
                let is_code = |text: &str| words::code_named(self.field.as_str(), codes, text).is_some();
                self.origin.text(record, Some(&is_code))
            }
            Form::Text | Form::Date | Form::Whole => self.origin.text(record, None),
        }
    }

    /// The value as the contract writes it.
    fn value(&self, text: &str) -> Result<Value, FieldError> {
        let wrong = |code: &'static str| FieldError::new("", code);
        if text.contains('\u{FFFD}') {
            return Err(wrong("not_in_encoding"));
        }
        match self.form {
            Form::Text if is_contact_point(self.field) || self.field == ImportField::IdentityNumber => {
                Ok(Value::String(values::narrow(text)))
            }
            Form::Text => Ok(Value::String(text.to_owned())),
            Form::Code(codes) => match words::code_named(self.field.as_str(), codes, text) {
                Some(code) => Ok(Value::from(code)),
                None => Err(wrong("unknown_code").with("allowed", codes.join(", "))),
            },
            Form::Date => values::date(text).map(|day| json!(day)).ok_or_else(|| wrong("no_date")),
            Form::Whole => values::whole(text).map(Value::from).ok_or_else(|| wrong("no_whole_number")),
        }
    }
}

/// A mapping, read against the columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    source: String,
    fields: Vec<PlannedField>,
    records: Vec<PlannedRecord>,
    columns: usize,
}

/// What a record says: of its customer, and besides.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) customer: BulkCustomer,
    pub(super) brought: Vec<Brought>,
}

/// What the plan has to know of the bank: what files call its units, users, products and surveys, its calendar and its rules.
pub(super) trait Places {
    /// # Errors
    /// When the database fails.
    fn unit(&mut self, code: &str) -> Result<Option<OrgUnitId>>;
    /// # Errors
    /// When the database fails.
    fn user(&mut self, username: &str) -> Result<Option<UserId>>;
    /// A product that can be held anew.
    ///
    /// # Errors
    /// When the database fails.
    fn product(&mut self, code: &str) -> Result<Option<NamedProduct>>;
    /// # Errors
    /// When the database fails.
    fn has_rate(&mut self, currency: &str) -> Result<bool>;
    /// The one survey of a name.
    ///
    /// # Errors
    /// When the database fails.
    fn survey(&mut self, name: &str) -> Result<Option<Rc<Asked>>>;
    fn now(&self) -> Moment;
    /// When a day of the bank begins.
    fn start_of(&self, day: NaiveDate) -> Moment;
    fn wrong_holding(&self, holding: &BroughtHolding) -> Vec<(RecordField, FieldError)>;
    fn wrong_contact(&self, contact: &BroughtContact) -> Vec<(RecordField, FieldError)>;
    fn wrong_relation(&self, relation: &BroughtRelation) -> Vec<(RecordField, FieldError)>;
}

impl Plan {
    /// Reads a mapping.
    ///
    /// # Errors
    /// 422 naming every template that cannot be read, and what is missing.
    pub(super) fn of(mapping: &ImportMapping, columns: &[String]) -> Result<Plan> {
        let mut wrong = Wrong::default();
        let mut fields = Vec::with_capacity(mapping.customer.len());
        let mut seen = HashSet::new();
        for (at, member) in mapping.customer.iter().enumerate() {
            if !seen.insert(member.field) {
                wrong.add(FieldError::new(format!("/mapping/customer/{at}/field"), "duplicate"));
            }
            let texts = member.values.iter().flat_map(|(from, to)| [from, to]).chain(&member.otherwise);
            for broken in texts.chain([&member.from]).filter_map(|given| text::paragraphs(given, 500).err()) {
                wrong.add(FieldError::broken(format!("/mapping/customer/{at}"), broken));
            }
            match PlannedField::of(member, columns) {
                Ok(field) => fields.push(field),
                Err(field) => {
                    wrong.add(FieldError { pointer: format!("/mapping/customer/{at}/from"), ..field })
                }
            }
        }
        let (age, as_of) = (seen.contains(&ImportField::Age), seen.contains(&ImportField::AgeAsOf));
        if age && !as_of {
            wrong.add(FieldError::new("/mapping/customer", "age_as_of_is_not_mapped"));
        }
        if as_of && !age {
            wrong.add(FieldError::new("/mapping/customer", "age_is_not_mapped"));
        }
        if age && seen.contains(&ImportField::BirthYear) {
            wrong.add(FieldError::new("/mapping/customer", "age_and_birth_year"));
        }
        let records = mapping.records.iter().enumerate();
        let records: Vec<PlannedRecord> = records
            .filter_map(|(place, record)| PlannedRecord::of(place, record, columns, &mut wrong))
            .collect();
        if !seen.contains(&ImportField::ExternalId) {
            wrong.add(FieldError::new("/mapping/customer", "external_id_is_not_mapped"));
        }
        if seen.contains(&ImportField::IdentityKind) && !seen.contains(&ImportField::IdentityNumber) {
            wrong.add(FieldError::new("/mapping/customer", "identity_number_is_not_mapped"));
        }
        let plan = Plan { source: mapping.source.clone(), fields, records, columns: columns.len() };
        wrong.unless(Some(plan))
    }

    /// The system that the file comes from.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The columns that it needs.
    pub(super) fn used(&self) -> HashSet<usize> {
        let fields = self.fields.iter().flat_map(|field| field.origin.columns());
        fields.chain(self.records.iter().flat_map(PlannedRecord::columns)).collect()
    }

    /// What records may bring besides their customers.
    pub(super) fn targets(&self) -> impl Iterator<Item = ImportTarget> {
        self.records.iter().map(PlannedRecord::target)
    }

    /// Whether records may tie their customers to others.
    pub(super) fn ties(&self) -> bool {
        self.records.iter().any(PlannedRecord::is_tie)
    }

    /// The households that a record names, by what of the mapping does, with their keys and whether its customer is said to be the primary member.
    pub(super) fn households(&self, record: &Record) -> Vec<(usize, String, bool)> {
        let named = self.records.iter().enumerate().filter_map(|(place, planned)| {
            let (key, primary) = planned.household(record)?;
            Some((place, key, primary))
        });
        named.collect()
    }

    /// What a record says that ties its customer to others, without all else that it says.
    ///
    /// # Errors
    /// As [`Plan::read`].
    pub(super) fn read_ties(&self, record: &Record, places: &mut dyn Places) -> Result<Vec<Brought>> {
        let mut wrong = Wrong::default();
        let mut brought = Vec::new();
        for (place, planned) in self.records.iter().enumerate().filter(|(_, planned)| planned.is_tie()) {
            brought.extend(planned.read(place, record, places, &mut wrong)?);
        }
        wrong.unless(Some(brought))
    }

    /// The key of a record in the system that it comes from.
    pub(super) fn key(&self, record: &Record) -> Option<String> {
        let text = self.fields.iter().find(|field| field.field == ImportField::ExternalId)?.text(record)?;
        Some(text::line(&text, 100).unwrap_or(text))
    }

    /// The identity document of a record, as spellings of its number have it in common.
    pub(super) fn document(&self, record: &Record) -> Option<String> {
        let field = self.fields.iter().find(|field| field.field == ImportField::IdentityNumber)?;
        let number: String = values::narrow(&field.text(record)?)
            .chars()
            .filter(|character| character.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect();
        (!number.is_empty()).then_some(number)
    }

    /// What a record says.
    ///
    /// # Errors
    /// 422 with every value that is wrong, by its place in the contract; else when the database fails.
    pub(super) fn read(&self, record: &Record, places: &mut dyn Places) -> Result<Line> {
        self.check_width(record)?;
        let mut wrong = Wrong::default();
        let mut data = Map::new();
        let mut identity = Map::new();
        let mut contact_points = Vec::new();
        let mut key = None;
        let (mut age, mut age_as_of) = (None, None);
        for field in &self.fields {
            let Some(text) = field.text(record) else { continue };
            let value = match field.value(&text) {
                Ok(value) => value,
                Err(broken) => {
                    let at = contact_points.len();
                    wrong.add(FieldError { pointer: pointer(field.field, at), ..broken });
                    if is_contact_point(field.field) {
                        // Keeps the place of those after it.
                        contact_points.push(json!({ "kind": field.field.as_str(), "value": "?" }));
                    }
                    continue;
                }
            };
            match field.field {
                ImportField::ExternalId => match text::line(&text, 100) {
                    Ok(text) => key = Some(text),
                    Err(broken) => wrong.add(FieldError::broken("/external/id", broken)),
                },
                ImportField::Age => age = value.as_i64(),
                ImportField::AgeAsOf => age_as_of = values::date(&text),
                ImportField::IdentityNumber => drop(identity.insert("number".into(), value)),
                ImportField::IdentityKind => drop(identity.insert("kind".into(), value)),
                ImportField::UnitCode => match places.unit(&text)? {
                    Some(unit) => drop(data.insert("org_unit_id".into(), json!(unit.uuid()))),
                    None => wrong.add(FieldError::new("/data/org_unit_id", "no_such_unit")),
                },
                ImportField::OwnerUsername => match places.user(&text)? {
                    Some(user) => drop(data.insert("owner_id".into(), json!(user.uuid()))),
                    None => wrong.add(FieldError::new("/data/owner_id", "no_such_user")),
                },
                contact if is_contact_point(contact) => {
                    let primary = contact == ImportField::Phone;
                    contact_points
                        .push(json!({ "kind": contact.as_str(), "value": value, "primary": primary }));
                }
                member => drop(data.insert(member.as_str().to_owned(), value)),
            }
        }
        if let (Some(age), Some(as_of)) = (age, age_as_of) {
            // The birthday of that year had passed for more than half of them; nobody's day is made up.
            data.insert("birth_year".into(), json!(i64::from(as_of.year()) - age));
        }
        if !identity.is_empty() {
            let of_organisation =
                data.get("kind").is_some_and(|kind| kind == CustomerKind::Organisation.as_str());
            let usual = if of_organisation {
                IdentityKind::UnifiedSocialCreditCode
            } else {
                IdentityKind::ResidentCard
            };
            identity.entry("kind").or_insert_with(|| Value::from(usual.as_str()));
            data.insert("identity".into(), Value::Object(identity));
        }
        if !contact_points.is_empty() {
            data.insert("contact_points".into(), Value::Array(contact_points));
        }
        if key.is_none() {
            wrong.add(FieldError::new("/external/id", "required"));
        }
        let line = json!({
            "external": { "source": self.source, "id": key.unwrap_or_else(|| "?".to_owned()) },
            "data": data,
        });
        let read = wrong.keep(read_json(line.to_string().as_bytes()))?;
        let mut brought = Vec::with_capacity(self.records.len());
        for (place, planned) in self.records.iter().enumerate() {
            brought.extend(planned.read(place, record, places, &mut wrong)?);
        }
        wrong.unless(read.map(|customer| Line { customer, brought }))
    }

    fn check_width(&self, record: &Record) -> Result<()> {
        let beyond = record.values.iter().skip(self.columns).any(|value| !value.trim().is_empty());
        if record.values.len() < self.columns || beyond {
            let field = FieldError::new("", "ragged_record")
                .with("expected", self.columns)
                .with("found", record.values.len());
            return Err(Error::fields(vec![field]));
        }
        Ok(())
    }

    /// The field of the customer and the column, where there are some, that a wrong value of a record comes from.
    pub(super) fn origin(&self, record: &Record, at: &str) -> (Option<ImportField>, Option<usize>) {
        if let Some((place, member)) = at.strip_prefix("/records/").and_then(|rest| rest.split_once('/')) {
            let planned = place.parse::<usize>().ok().and_then(|place| self.records.get(place));
            return (None, planned.and_then(|planned| planned.column(member)));
        }
        let field = self.field_at(record, at);
        (field.map(|field| field.field), field.and_then(|field| field.origin.column()))
    }

    fn field_at(&self, record: &Record, at: &str) -> Option<&PlannedField> {
        let found = |wanted: ImportField| self.fields.iter().find(|field| field.field == wanted);
        match at.strip_prefix("/data/contact_points/") {
            Some(rest) => {
                let index: usize = rest.split('/').next()?.parse().ok()?;
                let mut filled = self
                    .fields
                    .iter()
                    .filter(|field| is_contact_point(field.field) && field.text(record).is_some());
                filled.nth(index)
            }
            None => {
                let mut candidates = self.fields.iter().filter(|field| !is_contact_point(field.field));
                let wanted = candidates.find(|field| {
                    let own = pointer(field.field, 0);
                    at == own || at.strip_prefix(&own).is_some_and(|rest| rest.starts_with('/'))
                });
                // A document is wrong as a whole where its number does not fit its kind.
                let document = at == "/data/identity" || at == "/data/identity/kind";
                wanted
                    .or_else(|| document.then(|| found(ImportField::IdentityNumber)).flatten())
                    .or_else(|| at.starts_with("/external").then(|| found(ImportField::ExternalId)).flatten())
            }
        }
    }
}

/// Where a field stands in what the contract calls a line; contact points by their place among those of the record.
fn pointer(field: ImportField, contact_point: usize) -> String {
    match field {
        ImportField::ExternalId => "/external/id".to_owned(),
        ImportField::IdentityNumber => "/data/identity/number".to_owned(),
        ImportField::IdentityKind => "/data/identity/kind".to_owned(),
        ImportField::Age => "/data/birth_year".to_owned(),
        ImportField::UnitCode => "/data/org_unit_id".to_owned(),
        ImportField::OwnerUsername => "/data/owner_id".to_owned(),
        contact if is_contact_point(contact) => format!("/data/contact_points/{contact_point}/value"),
        member => format!("/data/{}", member.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl Places for Nowhere {
        fn unit(&mut self, code: &str) -> Result<Option<OrgUnitId>> {
            Ok((code == "0101").then(|| OrgUnitId::new(uuid::Uuid::nil())))
        }

        fn user(&mut self, _: &str) -> Result<Option<UserId>> {
            Ok(None)
        }

        fn product(&mut self, code: &str) -> Result<Option<NamedProduct>> {
            let id = crate::products::ProductId::new(uuid::Uuid::nil());
            Ok((code == "DEPOSIT").then(|| NamedProduct { id, currency: "EUR".to_owned(), term_days: None }))
        }

        fn has_rate(&mut self, currency: &str) -> Result<bool> {
            Ok(currency == "EUR")
        }

        fn survey(&mut self, _: &str) -> Result<Option<Rc<Asked>>> {
            Ok(None)
        }

        fn now(&self) -> Moment {
            Moment(1_790_000_000_000_000)
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

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn mapping(fields: &[(ImportField, &str)]) -> ImportMapping {
        let customer = fields.iter().map(|(field, from)| FieldMapping {
            field: *field,
            from: (*from).to_owned(),
            values: Default::default(),
            otherwise: None,
        });
        ImportMapping { source: "core".to_owned(), customer: customer.collect(), records: Vec::new() }
    }

    fn record(values: &[&str]) -> Record {
        Record { line: 2, values: columns(values) }
    }

    fn wrong(error: &Error) -> Vec<(&str, &str)> {
        error.fields.iter().map(|field| (field.pointer.as_str(), field.code.as_ref())).collect()
    }

    #[test]
    fn a_record_becomes_a_customer() {
        use ImportField::*;
        let names = columns(&["号", "姓名", "性别", "生日", "手机", "子女"]);
        let mut mapping = mapping(&[
            (ExternalId, "{号}"),
            (Kind, "person"),
            (Name, "{姓名}"),
            (Gender, "{性别}"),
            (BirthDate, "{生日}"),
            (Phone, "{手机}"),
            (Children, "{子女}"),
            (Notes, "从{{核心}}导入，客户{号}"),
            (UnitCode, "0101"),
        ]);
        mapping.customer[3].values.insert("1".to_owned(), "male".to_owned());
        let plan = Plan::of(&mapping, &names).unwrap();
        let line = plan
            .read(
                &record(&["C-1", " 王伟 ", "1", "１９８０年3月5日", "１３８００１３８０００", "2.0"]),
                &mut Nowhere,
            )
            .unwrap()
            .customer;
        assert_eq!(line.external.id, "C-1");
        let data = line.data;
        assert_eq!(data.name.as_deref(), Some("王伟"));
        assert_eq!(data.gender, Some(Some(guanxi_api::Gender::Male)));
        assert_eq!(data.birth_date, Some(NaiveDate::from_ymd_opt(1980, 3, 5)));
        assert_eq!(data.contact_points[0].value, "13800138000");
        assert_eq!(data.children, Some(Some(2)));
        assert_eq!(data.notes, Some(Some("从{核心}导入，客户C-1".to_owned())));
        assert!(data.org_unit_id.is_some());
        // What the file does not have stays as it is.
        let line = plan.read(&record(&["C-1", "王伟", "", "", "", ""]), &mut Nowhere).unwrap().customer;
        assert_eq!(line.data.gender, None);
        assert!(line.data.contact_points.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_with_a_record_is_told_with_its_column() {
        use ImportField::*;
        let names = columns(&["号", "性别", "生日", "邮箱", "手机", "机构", "子女"]);
        let plan = Plan::of(
            &mapping(&[
                (ExternalId, "{号}"),
                (Gender, "{性别}"),
                (BirthDate, "{生日}"),
                (Email, "{邮箱}"),
                (Phone, "{手机}"),
                (UnitCode, "{机构}"),
                (Children, "{子女}"),
            ]),
            &names,
        )
        .unwrap();
        let bad = record(&["", "人", "5/3/1980", "", "\u{FFFD}", "9999", "2.5"]);
        let error = plan.read(&bad, &mut Nowhere).unwrap_err();
        let expected = [
            ("/data/gender", "unknown_code"),
            ("/data/birth_date", "no_date"),
            ("/data/contact_points/0/value", "not_in_encoding"),
            ("/data/org_unit_id", "no_such_unit"),
            ("/data/children", "no_whole_number"),
            ("/external/id", "required"),
        ];
        assert_eq!(wrong(&error), expected);
        let origins: Vec<_> = expected.iter().map(|(pointer, _)| plan.origin(&bad, pointer)).collect();
        let columns =
            [(Gender, 1), (BirthDate, 2), (Phone, 4), (UnitCode, 5), (Children, 6), (ExternalId, 0)];
        assert_eq!(origins, columns.map(|(field, column)| (Some(field), Some(column))));
        for short in [&["1"][..], &["1", "", "", "", "", "", "", "more"]] {
            let error = plan.read(&record(short), &mut Nowhere).unwrap_err();
            assert_eq!(wrong(&error), [("", "ragged_record")]);
        }
    }

    #[test]
    fn a_value_that_no_table_has_says_what_it_says() {
        use ImportField::*;
        let names = columns(&["号", "性别", "城市"]);
        let mut mapping = mapping(&[(ExternalId, "{号}"), (Gender, "{性别}"), (City, "{城市}")]);
        mapping.customer[1].values.insert("1".to_owned(), "male".to_owned());
        mapping.customer[1].otherwise = Some("other".to_owned());
        mapping.customer[2].otherwise = Some("上海".to_owned());
        let plan = Plan::of(&mapping, &names).unwrap();
        let gender =
            |text: &str| plan.read(&record(&["1", text, "北京"]), &mut Nowhere).unwrap().customer.data.gender;
        let codes =
            ["1", "女", "female", "?", ""].map(|text| gender(text).flatten().map(|gender| gender.as_str()));
        assert_eq!(codes, ["male", "female", "female", "other", "other"].map(Some));
        let city =
            |text: &str| plan.read(&record(&["1", "", text]), &mut Nowhere).unwrap().customer.data.city;
        assert_eq!((city("北京"), city("")), (Some(Some("北京".to_owned())), Some(Some("上海".to_owned()))));
    }

    #[test]
    fn an_organisation_has_its_credit_code_and_a_person_a_card() {
        use ImportField::*;
        let names = columns(&["号", "类型", "证件号"]);
        let plan = Plan::of(
            &mapping(&[(ExternalId, "{号}"), (Kind, "{类型}"), (IdentityNumber, "{证件号}")]),
            &names,
        );
        let kind = |kind: &str| {
            let line = plan
                .as_ref()
                .unwrap()
                .read(&record(&["1", kind, "91350211M000100Y43"]), &mut Nowhere)
                .unwrap();
            line.customer.data.identity.unwrap().kind
        };
        assert_eq!(kind("对公"), guanxi_api::IdentityKind::UnifiedSocialCreditCode);
        assert_eq!(kind("个人"), guanxi_api::IdentityKind::ResidentCard);
    }

    #[test]
    fn the_column_of_each_wrong_contact_is_told() {
        use ImportField::*;
        let names = columns(&["号", "邮箱", "手机", "地址"]);
        let plan = Plan::of(
            &mapping(&[(ExternalId, "{号}"), (Email, "{邮箱}"), (Phone, "{手机}"), (Address, "{地址}")]),
            &names,
        )
        .unwrap();
        let bad = record(&["1", "\u{FFFD}", "13800138000", "\u{FFFD}"]);
        let error = plan.read(&bad, &mut Nowhere).unwrap_err();
        let blamed: Vec<_> = error.fields.iter().map(|field| plan.origin(&bad, &field.pointer)).collect();
        assert_eq!(blamed, [(Some(Email), Some(1)), (Some(Address), Some(3))]);
    }

    #[test]
    fn a_key_is_cleaned_as_everywhere() {
        let names = columns(&["号"]);
        let plan = Plan::of(&mapping(&[(ImportField::ExternalId, "{号}")]), &names).unwrap();
        let read = |key: &str| plan.read(&record(&[key]), &mut Nowhere);
        assert_eq!(read("e\u{301}").unwrap().customer.external.id, "é");
        assert_eq!(plan.key(&record(&["e\u{301}"])).as_deref(), Some("é"));
        assert_eq!(wrong(&read("K\u{7}1").unwrap_err()), [("/external/id", "control_character")]);
    }

    #[test]
    fn an_age_becomes_a_year_of_birth_as_of_a_day() {
        use ImportField::*;
        let names = columns(&["号", "年龄"]);
        let aged = |fields: &[(ImportField, &str)]| {
            let fields = [&[(ExternalId, "{号}"), (Age, "{年龄}")], fields].concat();
            Plan::of(&mapping(&fields), &names)
        };
        let plan = aged(&[(AgeAsOf, "2024-12-31")]).unwrap();
        let data = plan.read(&record(&["1", "42"]), &mut Nowhere).unwrap().customer.data;
        assert_eq!((data.birth_year, data.birth_date), (Some(Some(1982)), None));
        let data = plan.read(&record(&["1", ""]), &mut Nowhere).unwrap().customer.data;
        assert_eq!(data.birth_year, None);
        let bad = record(&["1", "999"]);
        let error = plan.read(&bad, &mut Nowhere).unwrap_err();
        assert_eq!(plan.origin(&bad, &error.fields[0].pointer), (Some(Age), Some(1)), "{error:?}");
        assert_eq!(wrong(&aged(&[]).unwrap_err()), [("/mapping/customer", "age_as_of_is_not_mapped")]);
        let both = aged(&[(AgeAsOf, "2024-12-31"), (BirthYear, "1980")]).unwrap_err();
        assert_eq!(wrong(&both), [("/mapping/customer", "age_and_birth_year")]);
    }

    #[test]
    fn a_record_brings_what_it_says_besides() {
        use guanxi_api::{RecordFieldMapping, RecordMapping};

        use crate::imports::records::What;

        let names = columns(&["号", "余额", "时长", "月", "结果"]);
        let field = |field: RecordField, from: &str| RecordFieldMapping {
            field,
            question: None,
            from: from.to_owned(),
            values: Default::default(),
            otherwise: None,
        };
        let mut mapping = mapping(&[(ImportField::ExternalId, "{号}")]);
        mapping.records = vec![
            RecordMapping {
                target: ImportTarget::Holding,
                key: "deposit".to_owned(),
                when: None,
                fields: vec![
                    field(RecordField::ProductCode, "DEPOSIT"),
                    field(RecordField::OpenedOn, "2019-01-01"),
                    field(RecordField::Amount, "{余额}"),
                ],
            },
            RecordMapping {
                target: ImportTarget::Interaction,
                key: "call".to_owned(),
                when: Some(r#""时长" gt 0"#.to_owned()),
                fields: vec![
                    field(RecordField::Kind, "call"),
                    field(RecordField::OccurredOn, "2008-{月}-5"),
                    field(RecordField::DurationSeconds, "{时长}"),
                    field(RecordField::Outcome, "{结果}"),
                ],
            },
        ];
        let plan = Plan::of(&mapping, &names).unwrap();
        let brought =
            plan.read(&record(&["1", "1,234.50", "150", "may", "成交"]), &mut Nowhere).unwrap().brought;
        let [holding, contact] = brought.as_slice() else { panic!("{brought:?}") };
        let What::Holding(held) = &holding.what else { panic!("{holding:?}") };
        assert_eq!((held.amount.0, held.currency.as_str()), (12_345_000, "EUR"));
        let What::Contact(call) = &contact.what else { panic!("{contact:?}") };
        assert_eq!((call.duration_minutes, call.outcome.as_str()), (Some(3), "sold"));
        assert_eq!(call.occurred_at.0, 1_209_945_600_000_000);
        // Where the condition does not hold it brings no contact; the same words say the same.
        let again = plan.read(&record(&["1", "1,234.50", "0", "may", ""]), &mut Nowhere).unwrap().brought;
        assert_eq!((again.len(), &again[0].said), (1, &holding.said));
        let bad = record(&["1", "viel", "150", "mai", "?"]);
        let error = plan.read(&bad, &mut Nowhere).unwrap_err();
        let expected = [
            ("/records/0/amount", "no_amount"),
            ("/records/1/occurred_on", "no_date"),
            ("/records/1/outcome", "unknown_code"),
        ];
        assert_eq!(wrong(&error), expected);
        assert_eq!(plan.origin(&bad, "/records/1/occurred_on"), (None, Some(3)));

        mapping.records[0].fields.pop();
        mapping.records[0].fields[0] = field(RecordField::Outcome, "{x}");
        mapping.records[1].when = Some(r#""x" eq 1"#.to_owned());
        let refused = Plan::of(&mapping, &names).unwrap_err();
        assert_eq!(
            wrong(&refused),
            [
                ("/mapping/records/0/fields/0/field", "field_of_another_target"),
                ("/mapping/records/0/fields/0/from", "no_such_column"),
                ("/mapping/records/0/fields", "field_is_not_mapped"),
                ("/mapping/records/1/when", "no_such_column"),
            ]
        );
    }

    #[test]
    fn a_mapping_that_cannot_work_is_refused_with_its_places() {
        use ImportField::*;
        let names = columns(&["a"]);
        let refused = Plan::of(&mapping(&[(Name, "{b}"), (Name, "{a"), (City, "a}")]), &names).unwrap_err();
        assert_eq!(
            wrong(&refused),
            [
                ("/mapping/customer/0/from", "no_such_column"),
                ("/mapping/customer/1/field", "duplicate"),
                ("/mapping/customer/1/from", "template"),
                ("/mapping/customer/2/from", "template"),
                ("/mapping/customer", "external_id_is_not_mapped"),
            ]
        );
    }
}
