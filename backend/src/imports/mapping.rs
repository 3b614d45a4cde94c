//! From a record to what it says of a customer: pure rules.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use guanxi_api::{
    BulkCustomer, BusinessState, Channel, CustomerKind, CustomerSource, CustomerStatus, FieldMapping, Gender,
    IdentityKind, ImportField, ImportMapping, IncomeBand, Language, MaritalStatus, OrganisationSize,
    RiskAttribute,
};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::access::{OrgUnitId, UserId};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::imports::reading::Record;
use crate::imports::words;
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
        ImportField::BirthDate | ImportField::CustomerSince => Form::Date,
        ImportField::BirthYear | ImportField::Children => Form::Whole,
        _ => Form::Text,
    }
}

const fn is_contact_point(field: ImportField) -> bool {
    matches!(field, ImportField::Phone | ImportField::Email | ImportField::Wechat | ImportField::Address)
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The value of this column.
    Column(usize),
}

/// Reads a template: names of columns in braces, braces of the text itself doubled.
fn parse(template: &str, columns: &[String]) -> Result<Vec<Part>, FieldError> {
    let wrong = |code: &'static str| FieldError::new("", code);
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        let doubled = brace.starts_with("{{") || brace.starts_with("}}");
        if doubled {
            text.extend(brace.chars().next());
            rest = brace.get(2..).unwrap_or_default();
            continue;
        }
        let inside = brace.strip_prefix('{').ok_or_else(|| wrong("template"))?;
        // A name may have braces of its own: the longest that fits is meant.
        let fits = |name: &String| inside.strip_prefix(name.as_str())?.strip_prefix('}');
        let named = (0..).zip(columns).filter_map(|(at, name)| Some((at, name, fits(name)?)));
        let Some((column, _, after)) = named.max_by_key(|(_, name, _)| name.len()) else {
            return Err(if inside.contains('}') { wrong("no_such_column") } else { wrong("template") });
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Column(column));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

#[derive(Clone, Debug)]
struct PlannedField {
    field: ImportField,
    form: Form,
    parts: Vec<Part>,
    values: BTreeMap<String, String>,
    otherwise: Option<String>,
}

impl PlannedField {
    fn of(mapping: &FieldMapping, columns: &[String]) -> Result<Self, FieldError> {
        Ok(PlannedField {
            field: mapping.field,
            form: form(mapping.field),
            parts: parse(&mapping.from, columns)?,
            values: mapping.values.clone(),
            otherwise: mapping.otherwise.clone().filter(|text| !text.is_empty()),
        })
    }

    /// The column that a wrong value comes from.
    fn column(&self) -> Option<usize> {
        self.parts.iter().find_map(|part| match part {
            Part::Column(column) => Some(*column),
            Part::Text(_) => None,
        })
    }

    /// What the record has for this field; none where all its columns are empty.
    fn text(&self, record: &Record) -> Option<String> {
        let mut text = String::new();
        let mut filled = self.column().is_none();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Column(column) => {
                    let value = record.values.get(*column).map_or("", |value| value.trim());
                    filled |= !value.is_empty();
                    text.push_str(value);
                }
            }
        }
        let text = text.trim();
        if !filled || text.is_empty() {
            return self.otherwise.clone();
        }
        let said = match self.values.get(text) {
            Some(value) => Some(value.clone()),
            None if self.is_understood(text) => Some(text.to_owned()),
            None => self.otherwise.clone().or_else(|| Some(text.to_owned())),
        };
        said.filter(|value| !value.is_empty())
    }

    /// Whether a value that the table does not have says something by itself: `otherwise` is for those that do not.
    fn is_understood(&self, text: &str) -> bool {
        match self.form {
            Form::Code(codes) => words::code_named(self.field, codes, text).is_some(),
            Form::Text | Form::Date | Form::Whole => self.values.is_empty(),
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
                Ok(Value::String(narrow(text)))
            }
            Form::Text => Ok(Value::String(text.to_owned())),
            Form::Code(codes) => match words::code_named(self.field, codes, text) {
                Some(code) => Ok(Value::from(code)),
                None => Err(wrong("unknown_code").with("allowed", codes.join(", "))),
            },
            Form::Date => date(text).map(|day| json!(day)).ok_or_else(|| wrong("no_date")),
            Form::Whole => whole(text).map(Value::from).ok_or_else(|| wrong("no_whole_number")),
        }
    }
}

/// Full-width letters and digits as the usual ones.
fn narrow(text: &str) -> String {
    text.nfkc().collect()
}

/// Year, month and day, in that order, however they are separated.
fn date(text: &str) -> Option<NaiveDate> {
    let text = narrow(text);
    // A table program adds the time of midnight.
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> =
        day.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?;
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (*year, *month, *day),
        [whole] if whole.len() == 8 && whole.is_ascii() => {
            (whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?)
        }
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(number(year)?).ok()?, number(month)?, number(day)?)
}

/// A whole number, thousands separated or not, with nothing behind its point.
fn whole(text: &str) -> Option<i64> {
    let text: String =
        narrow(text).chars().filter(|character| !matches!(character, ',' | ' ' | '\'')).collect();
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|byte| byte == b'0') { digits.parse().ok() } else { None }
}

/// A mapping, read against the columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    source: String,
    fields: Vec<PlannedField>,
    columns: usize,
}

/// How the plan finds units and users by what files call them.
pub(super) trait Places {
    /// # Errors
    /// When the database fails.
    fn unit(&mut self, code: &str) -> Result<Option<OrgUnitId>>;
    /// # Errors
    /// When the database fails.
    fn user(&mut self, username: &str) -> Result<Option<UserId>>;
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
        if !seen.contains(&ImportField::ExternalId) {
            wrong.add(FieldError::new("/mapping/customer", "external_id_is_not_mapped"));
        }
        if seen.contains(&ImportField::IdentityKind) && !seen.contains(&ImportField::IdentityNumber) {
            wrong.add(FieldError::new("/mapping/customer", "identity_number_is_not_mapped"));
        }
        let plan = Plan { source: mapping.source.clone(), fields, columns: columns.len() };
        wrong.unless(Some(plan))
    }

    /// The key of a record in the system that it comes from.
    pub(super) fn key(&self, record: &Record) -> Option<String> {
        let text = self.fields.iter().find(|field| field.field == ImportField::ExternalId)?.text(record)?;
        Some(text::line(&text, 100).unwrap_or(text))
    }

    /// What a record says.
    ///
    /// # Errors
    /// 422 with every value that is wrong, by its place in the contract; else when the database fails.
    pub(super) fn read(&self, record: &Record, places: &mut dyn Places) -> Result<BulkCustomer> {
        self.check_width(record)?;
        let mut wrong = Wrong::default();
        let mut data = Map::new();
        let mut identity = Map::new();
        let mut contact_points = Vec::new();
        let mut key = None;
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
        wrong.unless(read)
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

    /// The field, and the column if there is one, that a wrong value of a record comes from.
    pub(super) fn origin(&self, record: &Record, at: &str) -> Option<(ImportField, Option<usize>)> {
        let found = |wanted: ImportField| self.fields.iter().find(|field| field.field == wanted);
        let field = match at.strip_prefix("/data/contact_points/") {
            Some(rest) => {
                let index: usize = rest.split('/').next()?.parse().ok()?;
                let mut filled = self
                    .fields
                    .iter()
                    .filter(|field| is_contact_point(field.field) && field.text(record).is_some());
                filled.nth(index)
            }
            None => {
                let mut of_pointer = ImportField::ALL.iter().filter(|field| !is_contact_point(**field));
                let wanted = of_pointer.find(|field| {
                    let own = pointer(**field, 0);
                    at == own || at.strip_prefix(&own).is_some_and(|rest| rest.starts_with('/'))
                });
                // A document is wrong as a whole where its number does not fit its kind.
                let document = at == "/data/identity" || at == "/data/identity/kind";
                wanted
                    .and_then(|field| found(*field))
                    .or_else(|| document.then(|| found(ImportField::IdentityNumber)).flatten())
                    .or_else(|| at.starts_with("/external").then(|| found(ImportField::ExternalId)).flatten())
            }
        };
        field.map(|field| (field.field, field.column()))
    }
}

/// Where a field stands in what the contract calls a line; contact points by their place among those of the record.
fn pointer(field: ImportField, contact_point: usize) -> String {
    match field {
        ImportField::ExternalId => "/external/id".to_owned(),
        ImportField::IdentityNumber => "/data/identity/number".to_owned(),
        ImportField::IdentityKind => "/data/identity/kind".to_owned(),
        ImportField::UnitCode => "/data/org_unit_id".to_owned(),
        ImportField::OwnerUsername => "/data/owner_id".to_owned(),
        contact if is_contact_point(contact) => format!("/data/contact_points/{contact_point}/value"),
        member => format!("/data/{}", member.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Nowhere;

    impl Places for Nowhere {
        fn unit(&mut self, code: &str) -> Result<Option<OrgUnitId>> {
            Ok((code == "0101").then(|| OrgUnitId::new(uuid::Uuid::nil())))
        }

        fn user(&mut self, _: &str) -> Result<Option<UserId>> {
            Ok(None)
        }
    }

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn mapping(fields: &[(ImportField, &str)]) -> ImportMapping {
        let customer = fields.iter().map(|(field, from)| FieldMapping {
            field: *field,
            from: (*from).to_owned(),
            values: BTreeMap::new(),
            otherwise: None,
        });
        ImportMapping { source: "core".to_owned(), customer: customer.collect() }
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
            .unwrap();
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
        let line = plan.read(&record(&["C-1", "王伟", "", "", "", ""]), &mut Nowhere).unwrap();
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
        assert_eq!(origins, columns.map(|(field, column)| Some((field, Some(column)))));
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
        let gender = |text: &str| plan.read(&record(&["1", text, "北京"]), &mut Nowhere).unwrap().data.gender;
        let codes =
            ["1", "女", "female", "?", ""].map(|text| gender(text).flatten().map(|gender| gender.as_str()));
        assert_eq!(codes, ["male", "female", "female", "other", "other"].map(Some));
        let city = |text: &str| plan.read(&record(&["1", "", text]), &mut Nowhere).unwrap().data.city;
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
            line.data.identity.unwrap().kind
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
        assert_eq!(blamed, [Some((Email, Some(1))), Some((Address, Some(3)))]);
    }

    #[test]
    fn a_key_is_cleaned_as_everywhere() {
        let names = columns(&["号"]);
        let plan = Plan::of(&mapping(&[(ImportField::ExternalId, "{号}")]), &names).unwrap();
        let read = |key: &str| plan.read(&record(&[key]), &mut Nowhere);
        assert_eq!(read("e\u{301}").unwrap().external.id, "é");
        assert_eq!(plan.key(&record(&["e\u{301}"])).as_deref(), Some("é"));
        assert_eq!(wrong(&read("K\u{7}1").unwrap_err()), [("/external/id", "control_character")]);
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

    #[test]
    fn days_and_numbers_are_read_as_tables_write_them() {
        let day = NaiveDate::from_ymd_opt(2024, 3, 5);
        for text in [
            "2024-03-05",
            "2024/3/5",
            "2024.3.5",
            "20240305",
            "2024年3月5日",
            "2024-03-05 00:00:00",
            "２０２４/３/５",
        ] {
            assert_eq!(date(text), day, "{text}");
        }
        for text in
            ["", "5/3/2024", "2024-13-01", "2024", "24-3-5", "2024-3", "20240230", "昨天", "2024-+3-5"]
        {
            assert_eq!(date(text), None, "{text}");
        }
        for (text, number) in
            [("1,234", Some(1234)), ("12.00", Some(12)), ("１２", Some(12)), ("1.5", None), ("x", None)]
        {
            assert_eq!(whole(text), number, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_template_and_no_value_is_too_strange(template in ".{0,40}", text in ".{0,40}") {
            let names = columns(&["a", "b"]);
            if let Ok(parts) = parse(&template, &names) {
                let written: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => text.replace('{', "{{").replace('}', "}}"),
                        Part::Column(at) => format!("{{{}}}", names[*at]),
                    })
                    .collect();
                prop_assert_eq!(written, template);
            }
            date(&text);
            whole(&text);
        }
    }
}
