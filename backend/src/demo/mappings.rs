use std::collections::BTreeMap;

use guanxi_api::{
    FieldMapping, ImportField, ImportMapping, ImportTarget, RecordField, RecordFieldMapping, RecordMapping,
    Role, SavedMappingDefinition,
};
use guanxi_db::DbConn;

use super::generator::Bank;
use crate::access::Actor;
use crate::error::Result;
use crate::{imports, org};

/// What a record brings: the target, its key, when it is brought, and its fields.
type DemoRecord = (ImportTarget, &'static str, Option<&'static str>, &'static [(RecordField, &'static str)]);

struct DemoMapping {
    of: Role,
    name: &'static str,
    shared: bool,
    source: &'static str,
    columns: &'static [&'static str],
    customer: &'static [(ImportField, &'static str)],
    records: &'static [DemoRecord],
}

const MAPPINGS: [DemoMapping; 3] = [
    DemoMapping {
        of: Role::BranchManager,
        name: "核心系统客户月报",
        shared: true,
        source: "core",
        columns: &["客户号", "姓名", "性别", "手机", "城市", "账号", "余额", "开户日期"],
        customer: &[
            (ImportField::ExternalId, "{客户号}"),
            (ImportField::Kind, "person"),
            (ImportField::Name, "{姓名}"),
            (ImportField::Gender, "{性别}"),
            (ImportField::Phone, "{手机}"),
            (ImportField::City, "{城市}"),
        ],
        records: &[(
            ImportTarget::Holding,
            "{账号}",
            Some("\"余额\" ne null"),
            &[
                (RecordField::ProductCode, "dd"),
                (RecordField::Amount, "{余额}"),
                (RecordField::OpenedOn, "{开户日期}"),
                (RecordField::Reference, "{账号}"),
            ],
        )],
    },
    DemoMapping {
        of: Role::Admin,
        name: "家庭与关系",
        shared: true,
        source: "core",
        columns: &[
            "客户号",
            "姓名",
            "家庭号",
            "家庭名称",
            "家庭角色",
            "主要成员",
            "配偶客户号",
            "介绍人客户号",
        ],
        customer: &[
            (ImportField::ExternalId, "{客户号}"),
            (ImportField::Kind, "person"),
            (ImportField::Name, "{姓名}"),
        ],
        records: &[
            (
                ImportTarget::Household,
                "{家庭号}",
                None,
                &[
                    (RecordField::HouseholdName, "{家庭名称}"),
                    (RecordField::MemberRole, "{家庭角色}"),
                    (RecordField::Primary, "{主要成员}"),
                ],
            ),
            (
                ImportTarget::Relation,
                "配偶",
                None,
                &[(RecordField::OtherExternalId, "{配偶客户号}"), (RecordField::OtherRole, "spouse")],
            ),
            (
                ImportTarget::Relation,
                "介绍人",
                None,
                &[(RecordField::OtherExternalId, "{介绍人客户号}"), (RecordField::OtherRole, "referrer")],
            ),
        ],
    },
    DemoMapping {
        of: Role::OutletHead,
        name: "网点活动签到表",
        shared: false,
        source: "events",
        columns: &["编号", "姓名", "手机", "活动日期", "备注"],
        customer: &[
            (ImportField::ExternalId, "{编号}"),
            (ImportField::Kind, "person"),
            (ImportField::Name, "{姓名}"),
            (ImportField::Phone, "{手机}"),
            (ImportField::Source, "attracted"),
        ],
        records: &[(
            ImportTarget::Interaction,
            "{活动日期}",
            None,
            &[
                (RecordField::Kind, "event"),
                (RecordField::Purpose, "relationship"),
                (RecordField::Outcome, "reached"),
                (RecordField::OccurredOn, "{活动日期}"),
                (RecordField::Notes, "{备注}"),
            ],
        )],
    },
];

/// Keeps mappings of files for some users, of which the bank shares two.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, bank: &Bank) -> Result<()> {
    let users = || bank.showcase.iter().filter_map(|index| bank.users.get(*index));
    for mapping in &MAPPINGS {
        let Some(user) = users().find(|user| user.role == mapping.of) else { continue };
        let Some(owner) = org::user_by_name(conn, &user.username)? else { continue };
        imports::keep_mapping_for(conn, actor, owner, &definition(mapping))?;
    }
    Ok(())
}

fn definition(mapping: &DemoMapping) -> SavedMappingDefinition {
    let customer = mapping.customer.iter().map(|(field, from)| FieldMapping {
        field: *field,
        from: (*from).to_owned(),
        values: BTreeMap::new(),
        otherwise: None,
    });
    let records = mapping.records.iter().map(|(target, key, when, fields)| RecordMapping {
        target: *target,
        key: (*key).to_owned(),
        when: when.map(str::to_owned),
        fields: fields.iter().map(record_field).collect(),
    });
    SavedMappingDefinition {
        name: mapping.name.to_owned(),
        shared: mapping.shared,
        columns: mapping.columns.iter().map(|column| (*column).to_owned()).collect(),
        mapping: ImportMapping {
            source: mapping.source.to_owned(),
            customer: customer.collect(),
            records: records.collect(),
        },
    }
}

fn record_field((field, from): &(RecordField, &'static str)) -> RecordFieldMapping {
    RecordFieldMapping {
        field: *field,
        question: None,
        from: (*from).to_owned(),
        values: BTreeMap::new(),
        otherwise: None,
    }
}
