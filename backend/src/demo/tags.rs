use guanxi_api::{NewTag, TagColour};
use guanxi_db::{DbConn, Id};

use super::generator;
use crate::access::Actor;
use crate::customers;
use crate::error::Result;

/// The words of the bank, and of how many customers one has it.
const TAGS: [(&str, TagColour, &str, usize); 8] = [
    ("VIP 活动", TagColour::Purple, "受邀参加客户沙龙和品鉴活动", 17),
    ("外语服务", TagColour::Blue, "需要英语或其他外语服务", 29),
    ("子女留学", TagColour::Teal, "子女正在或即将出国留学", 23),
    ("企业主圈层", TagColour::Amber, "本地商会成员或企业主介绍的客户", 31),
    ("上门服务", TagColour::Green, "行动不便，约定上门办理", 47),
    ("投诉跟进", TagColour::Red, "近期有投诉，联系前先看记录", 61),
    ("春节礼品", TagColour::Orange, "列入春节礼品名单", 13),
    ("老客户推荐", TagColour::Grey, "由老客户推荐而来", 19),
];
/// Most customers that get one of them: each is written like one that a person gives.
const MOST: usize = 60;

/// Makes the catalogue and marks some customers.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, customers: u64) -> Result<()> {
    for (n, (name, colour, description, every)) in (0_u64..).zip(TAGS) {
        let new = NewTag { name: name.to_owned(), colour, description: Some(description.to_owned()) };
        let tag = customers::create_tag(conn, actor, &new)?;
        let keys: Vec<_> = (n..customers).step_by(every).take(MOST).map(generator::external_id).collect();
        let keys: Vec<&_> = keys.iter().collect();
        let mut ids: Vec<_> = customers::ids_by_keys(conn, &keys)?.into_values().collect();
        ids.sort();
        for brief in customers::briefs(conn, actor, &ids)?.into_iter().filter(|brief| !brief.archived) {
            customers::give_tag(conn, actor, (brief.id, Id::new(tag.id)), None)?;
        }
    }
    Ok(())
}
