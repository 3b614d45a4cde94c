use std::collections::HashSet;

use chrono::Days;
use guanxi_api::{
    AbsenceReason, CustomerPatch, CustomerStatus, Direction, HandoverReason, InteractionKind,
    InteractionOutcome, InteractionPurpose, NewCarePlan, NewCareStep, NewHandover, NewHandoverReceiver,
    NewStandIn, PoolPolicyDefinition, PoolRule, Role, TeamRole, Tier,
};
use guanxi_db::{Condition, DbConn, Id};

use super::generator::Bank;
use crate::access::{Actor, OrgUnitId, UserId};
use crate::customers::{self, CustomerBrief, CustomerId, House};
use crate::error::Result;
use crate::interactions;
use crate::ownership::{self, plans, pool, stand_ins};

/// Every so many customers the relationship manager has not signed yet.
const UNSIGNED: usize = 12;
const AT_ONCE: i64 = 500;
/// Customers of the higher tiers that plans and visits are made for.
const CARED_FOR: usize = 150;
/// Customers who are in the pool: of the outlet that one signs in at, and of others.
const POOLED: (usize, usize) = (6, 12);

/// Of how many relationship managers customers were lost, and how many of each; the last of each came back.
const LOST: (usize, usize) = (4, 3);

/// What is to be reached, and by which steps.
const PLANS: [(&str, [&str; 3]); 4] = [
    (
        "两年内完成养老规划，资产配置更加均衡",
        ["了解家庭资产与负债状况", "与理财经理一起提交配置方案", "落实首笔调整"],
    ),
    (
        "子女明年出国留学，备好外币与保障",
        ["确认留学国家和费用预算", "介绍外汇与汇款服务", "推荐留学保障方案"],
    ),
    ("企业主家庭：隔离企业与家庭资产", ["梳理企业与家庭的资金往来", "邀请法律顾问沟通", "讨论家族信托方案"]),
    (
        "大额存款到期后留存资产并提升稳健理财占比",
        ["到期前一个月电话沟通", "当面比较存款与稳健理财", "到期日办理续作"],
    ),
];

/// Has relationship managers sign for most of their customers, gives some customers a care plan, lets leaders have visited some, and colleagues stand in
/// for each other; a book waits to be handed over, some customers were lost, and some are in the pool.
pub(super) fn make(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (bank, units, users): (&Bank, &[OrgUnitId], &[UserId]),
) -> Result<()> {
    sign(conn, actor)?;
    let filter = "tier in (\"platinum\", \"diamond\", \"private\") and owner_id ne null";
    let cared_for =
        customers::briefs_by_filter(conn, actor, house.keys, filter, Condition::everything(), CARED_FOR)?;
    plan(conn, actor, house, &cared_for)?;
    visit(conn, actor, house, &cared_for)?;
    stand_in(conn, actor, house, (bank, users))?;
    hand_over(conn, actor, house, (bank, users))?;
    lose(conn, actor, house, (bank, users))?;
    fall_back(conn, actor, house, (bank, units, users))
}

fn sign(conn: &mut DbConn, actor: &Actor) -> Result<()> {
    let mut after: Option<CustomerId> = None;
    loop {
        let ids = customers::ids_after(conn, after, AT_ONCE)?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        let signed = ids.iter().enumerate().filter(|(n, _)| n % UNSIGNED > 0);
        let signed: Vec<CustomerId> = signed.map(|(_, id)| *id).collect();
        customers::sign_all(conn, actor, &signed)?;
    }
}

/// Two of three customers have a plan.
fn plan(conn: &mut DbConn, actor: &Actor, house: House<'_>, customers: &[CustomerBrief]) -> Result<()> {
    let today = house.settings.day(actor.now());
    for (n, customer) in customers.iter().enumerate().filter(|(n, _)| n % 3 != 2) {
        let Some((goal, steps)) = PLANS.get(n % PLANS.len()) else { continue };
        let step = |(at, title): (u64, &&str)| NewCareStep {
            title: (*title).to_owned(),
            due_on: today + Days::new(5 + 20 * at + (n as u64 % 7)),
            assignee_id: None,
        };
        let new = NewCarePlan {
            goal: (*goal).to_owned(),
            review_on: today + Days::new(60 + n as u64 % 90),
            steps: (0..).zip(steps).map(step).collect(),
        };
        plans::begin(conn, actor, house, customer.id, &new)?;
    }
    Ok(())
}

/// Leaders of the teams of every other customer have visited it, some long ago.
fn visit(conn: &mut DbConn, actor: &Actor, house: House<'_>, customers: &[CustomerBrief]) -> Result<()> {
    let mut visits = Vec::new();
    for (n, brief) in customers.iter().enumerate().filter(|(n, _)| n % 2 == 0) {
        let team = customers::read(conn, actor, house, brief.id)?.team;
        let leads = |role: TeamRole| matches!(role, TeamRole::BranchManager | TeamRole::DeputyManager);
        for member in team.iter().filter(|member| leads(member.role)) {
            let days_ago = 20 + (n as i64 * 37) % 380;
            let at = actor.now().plus_seconds(-days_ago * 86_400);
            visits.push(interactions::Prepared {
                customer_id: brief.id,
                author_id: Some(UserId::new(member.user.id)),
                kind: InteractionKind::Visit,
                direction: Direction::Outbound,
                purpose: InteractionPurpose::Relationship,
                outcome: InteractionOutcome::Reached,
                mood: None,
                duration_minutes: Some(40),
                occurred_at: at,
                recorded_at: at,
                notes: Some("登门拜访，感谢客户长期支持".into()),
            });
        }
    }
    interactions::create_many(conn, actor, &visits).map(drop)
}

/// One stands in from today on, where nobody signs in for a look; one is arranged at the outlet where one does.
fn stand_in(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (bank, users): (&Bank, &[UserId]),
) -> Result<()> {
    let today = house.settings.day(actor.now());
    let others: Vec<usize> = other_managers(bank).collect();
    let colleague = |of: usize| others.iter().copied().find(|other| *other != of);
    let away = others.iter().copied().find(|n| colleague(*n).is_some());
    let planned = signed_in_managers(bank).find(|n| colleague(*n).is_some());
    let absences = [(away, 0, 6, AbsenceReason::Leave), (planned, 20, 26, AbsenceReason::Training)];
    for (absent, from, until, reason) in absences {
        let Some((absent, other)) = absent.and_then(|absent| Some((absent, colleague(absent)?))) else {
            continue;
        };
        let (Some(absent), Some(other)) = (users.get(absent), users.get(other)) else { continue };
        let new = NewStandIn {
            absent_user_id: absent.uuid(),
            stand_in_user_id: other.uuid(),
            reason,
            note: None,
            from: today + Days::new(from),
            until: today + Days::new(until),
        };
        stand_ins::arrange(conn, actor, house, &new)?;
    }
    Ok(())
}

fn managers(bank: &Bank) -> impl Iterator<Item = usize> {
    bank.users.iter().enumerate().filter(|(_, user)| user.role == Role::Rm).map(|(n, _)| n)
}

/// The relationship managers whom one signs in as for a look.
fn signed_in_managers(bank: &Bank) -> impl Iterator<Item = usize> {
    managers(bank).filter(|n| bank.showcase.contains(n))
}

fn other_managers(bank: &Bank) -> impl Iterator<Item = usize> {
    managers(bank).filter(|n| !bank.showcase.contains(n))
}

/// The relationship managers who nobody signs in as, those of the branch where one does last.
fn colleagues(bank: &Bank) -> Vec<usize> {
    let signs_in = |n: &&usize| bank.users.get(**n).is_some_and(|user| user.role == Role::BranchManager);
    let branch = bank.showcase.iter().find(signs_in).and_then(|n| bank.users.get(*n)).map(|user| user.unit);
    let is_near = |n: usize| {
        let unit = bank.users.get(n).map(|user| user.unit);
        branch.zip(unit).is_some_and(|(branch, unit)| bank.is_within(unit, branch))
    };
    let mut others: Vec<usize> = other_managers(bank).collect();
    others.sort_by_key(|n| is_near(*n));
    others
}

/// Proposes to hand over the books of two who nobody signs in as: one was taken back, the other waits for the one who signs in and a colleague.
fn hand_over(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (bank, users): (&Bank, &[UserId]),
) -> Result<()> {
    let others = colleagues(bank);
    let [.., colleague, moving, leaving] = others.as_slice() else { return Ok(()) };
    let receivers =
        signed_in_managers(bank).chain([*colleague]).filter_map(|n| users.get(n)).map(|id| id.uuid());
    let valued = "tier in (\"gold\", \"platinum\", \"diamond\", \"private\")";
    let filters = [Some(valued.to_owned()), None];
    let to: Vec<NewHandoverReceiver> =
        receivers.zip(filters).map(|(user_id, filter)| NewHandoverReceiver { user_id, filter }).collect();
    let effective_on = house.settings.day(actor.now()) + Days::new(14);
    for (from, reason, note, stands) in [
        (moving, HandoverReason::Rebalancing, "网点调整，暂缓", false),
        (leaving, HandoverReason::Leaves, "下月离职，请尽快与客户见面交接", true),
    ] {
        let Some(from) = users.get(*from) else { continue };
        // In a small bank there may be nobody in a book whom a receiver could take.
        let mut are_some = true;
        for part in [valued, "tier eq \"mass\""] {
            let filter = format!("owner_id eq \"{}\" and {part}", from.uuid());
            let everything = Condition::everything();
            are_some &=
                !customers::briefs_by_filter(conn, actor, house.keys, &filter, everything, 1)?.is_empty();
        }
        if !are_some {
            continue;
        }
        let new = NewHandover {
            from_user_id: from.uuid(),
            to: to.clone(),
            reason,
            note: Some(note.to_owned()),
            effective_on,
            double_access_days: 30,
        };
        let proposed = ownership::propose(conn, actor, house, &new)?;
        if !stands {
            ownership::cancel(conn, actor, house, Id::new(proposed.id), proposed.version)?;
        }
    }
    Ok(())
}

/// Some customers were lost, and one of each of their managers has come back.
fn lose(conn: &mut DbConn, actor: &Actor, house: House<'_>, (bank, users): (&Bank, &[UserId])) -> Result<()> {
    let status = |status| CustomerPatch { status: Some(status), ..CustomerPatch::default() };
    let owners = colleagues(bank).into_iter().rev().filter_map(|n| users.get(n));
    for owner in owners.take(LOST.0) {
        let filter =
            format!("status eq \"active\" and tier eq \"mass\" and owner_id eq \"{}\"", owner.uuid());
        let everything = Condition::everything();
        let lost = customers::briefs_by_filter(conn, actor, house.keys, &filter, everything, LOST.1)?;
        for (n, brief) in lost.iter().enumerate() {
            let version = customers::read(conn, actor, house, brief.id)?.version;
            customers::change(conn, actor, house, brief.id, version, &status(CustomerStatus::Lost))?;
            if n + 1 == LOST.1 {
                let back = status(CustomerStatus::Active);
                customers::change(conn, actor, house, brief.id, version + 1, &back)?;
            }
        }
    }
    Ok(())
}

/// Sets a rule for the pool, and lets some customers have fallen back by it whose owners nobody signs in as.
fn fall_back(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (bank, units, users): (&Bank, &[OrgUnitId], &[UserId]),
) -> Result<()> {
    let rules = vec![PoolRule { tier: Tier::Mass, days: 180 }];
    let policy = PoolPolicyDefinition { rules, notice_days: 14, claims_per_day: Some(10), hold_days: 30 };
    pool::set_policy(conn, actor, 1, &policy)?;
    let shown: HashSet<UserId> = bank.showcase.iter().filter_map(|n| users.get(*n).copied()).collect();
    let rm = bank.showcase.iter().filter_map(|n| bank.users.get(*n)).find(|user| user.role == Role::Rm);
    let outlet = rm.and_then(|user| units.get(user.unit));
    let silent_since = actor.now().plus_seconds(-200 * 86_400).to_utc().to_rfc3339();
    let silent =
        format!("tier eq \"mass\" and do_not_contact eq false and last_contacted_at lt \"{silent_since}\"");
    let found = |conn: &mut DbConn, filter: &str, most| {
        customers::briefs_by_filter(conn, actor, house.keys, filter, Condition::everything(), most)
    };
    let others = found(conn, &format!("{silent} and owner_id ne null"), 20 * POOLED.1)?;
    let of_others = others.iter().filter(|brief| brief.owner_id.is_some_and(|owner| !shown.contains(&owner)));
    let fallen: Vec<CustomerId> = of_others.take(POOLED.1).map(|brief| brief.id).collect();
    for id in &fallen {
        pool::fall_back(conn, actor, *id)?;
    }
    // The outlet where one signs in has one relationship manager; who has left it had some before.
    let left = bank.users.iter().zip(users).find(|(user, id)| user.role == Role::Rm && !shown.contains(id));
    if let (Some(outlet), Some((_, left))) = (outlet, left) {
        let of_outlet = format!("{silent} and owner_id eq null and org_unit_id eq \"{}\"", outlet.uuid());
        // Some of the others may have been of this outlet.
        let of_outlet = found(conn, &of_outlet, POOLED.0 + POOLED.1)?;
        for brief in of_outlet.iter().filter(|brief| !fallen.contains(&brief.id)).take(POOLED.0) {
            pool::put_in(conn, actor, brief, *left)?;
        }
    }
    Ok(())
}
