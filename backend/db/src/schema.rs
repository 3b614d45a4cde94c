//! Every table, kept by hand; a test selects every column of every table on both engines.

use crate::types::{DbDoc, DbMoment, DbUuid};

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    installation (id) {
        id -> Integer,
        base_currency -> Text,
        time_zone -> Text,
        feed_epoch -> DbUuid,
        key_check -> Binary,
        argon2_memory_kib -> Integer,
        argon2_iterations -> Integer,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    lease (name) {
        name -> Text,
        holder -> DbUuid,
        expires_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    signing_key (kid) {
        kid -> Text,
        public_key -> Binary,
        private_key -> Binary,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    org_unit (id) {
        id -> DbUuid,
        parent_id -> Nullable<DbUuid>,
        kind -> Text,
        code -> Text,
        name_zh -> Text,
        name_en -> Text,
        path -> Text,
        depth -> Integer,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    user_account (id) {
        id -> DbUuid,
        username -> Text,
        display_name -> Text,
        name_sort -> Text,
        role -> Text,
        org_unit_id -> DbUuid,
        password_hash -> Text,
        must_change_password -> Bool,
        failed_attempts -> Integer,
        locked_until -> Nullable<DbMoment>,
        auth_epoch -> BigInt,
        preferences -> DbDoc,
        archived_at -> Nullable<DbMoment>,
        archived -> Bool,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
        tokens -> Text,
        search_version -> SmallInt,
        password_expires_at -> Nullable<DbMoment>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    session (id) {
        id -> DbUuid,
        user_id -> DbUuid,
        generation -> BigInt,
        signed_in_at -> DbMoment,
        last_seen_at -> DbMoment,
        rotated_at -> DbMoment,
        expires_at -> DbMoment,
        revoked_at -> Nullable<DbMoment>,
        revoked_because -> Nullable<Text>,
        user_agent -> Text,
        address -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    refresh_token (hash) {
        hash -> Binary,
        session_id -> DbUuid,
        generation -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    customer (id) {
        id -> DbUuid,
        search_key -> BigInt,
        customer_no -> Text,
        kind -> Text,
        status -> Text,
        name -> Text,
        name_sort -> Text,
        gender -> Nullable<Text>,
        birth_date -> Nullable<Date>,
        birth_year -> Nullable<Integer>,
        marital_status -> Nullable<Text>,
        province -> Nullable<Text>,
        city -> Nullable<Text>,
        occupation -> Nullable<Text>,
        industry -> Nullable<Text>,
        income_band -> Nullable<Text>,
        source -> Nullable<Text>,
        risk_attribute -> Nullable<Text>,
        customer_since -> Nullable<Date>,
        do_not_contact -> Bool,
        restricted -> Bool,
        details -> DbDoc,
        phone_masked -> Nullable<Text>,
        org_unit_id -> DbUuid,
        owner_id -> Nullable<DbUuid>,
        archived_at -> Nullable<DbMoment>,
        archived -> Bool,
        search_version -> SmallInt,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
        beginnings -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    customer_figures (customer_id) {
        customer_id -> DbUuid,
        tier -> Text,
        aum -> BigInt,
        city -> Nullable<Text>,
        archived -> Bool,
        version -> BigInt,
        as_of -> DbMoment,
        last_contacted_at -> DbMoment,
        coverage -> Integer,
        average_aum -> BigInt,
        promotion_gap -> BigInt,
        promotion_candidate -> Bool,
        in_grace -> Bool,
        demotes_on -> Date,
        largest_transaction -> BigInt,
        largest_transaction_on -> Nullable<Date>,
        hidden_gem -> Bool,
        review_on -> Date,
        grade -> Nullable<Text>,
        grade_score -> Integer,
        contribution -> BigInt,
        lifetime_value -> BigInt,
        grade_version -> BigInt,
        completeness -> Integer,
        missing -> Integer,
        data_gap -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    identity_document (customer_id) {
        customer_id -> DbUuid,
        kind -> Text,
        cipher -> Binary,
        masked -> Text,
        value_hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    contact_point (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        kind -> Text,
        usage -> Text,
        is_primary -> Bool,
        verified -> Bool,
        source -> Text,
        cipher -> Binary,
        masked -> Text,
        value_hash -> Binary,
        tail_hash -> Nullable<Binary>,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    external_id (source, value) {
        source -> Text,
        value -> Text,
        customer_id -> DbUuid,
        source_version -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    bulk_outcome (id) {
        id -> DbUuid,
        outcome -> DbDoc,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    customer_team (customer_id, user_id) {
        customer_id -> DbUuid,
        user_id -> DbUuid,
        role -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    idempotency_key (principal_id, key) {
        principal_id -> DbUuid,
        key -> Text,
        fingerprint -> Binary,
        resource_id -> Nullable<DbUuid>,
        expires_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    audit_entry (id) {
        id -> DbUuid,
        at -> DbMoment,
        actor_kind -> Text,
        actor_id -> Nullable<DbUuid>,
        action -> Text,
        resource_type -> Text,
        resource_id -> Nullable<DbUuid>,
        request_id -> Text,
        reason -> Nullable<Text>,
        document_digest -> Binary,
        seq -> Nullable<BigInt>,
        hash -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    audit_document (entry_id) {
        entry_id -> DbUuid,
        document -> DbDoc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    change_event (id) {
        id -> BigInt,
        seq -> Nullable<BigInt>,
        kind -> Text,
        resource_type -> Text,
        resource_id -> DbUuid,
        version -> BigInt,
        changed -> DbDoc,
        at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    customer_pair (pair, begins, name_sort, customer_id) {
        pair -> Text,
        begins -> Bool,
        name_sort -> Text,
        customer_id -> DbUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    portfolio (org_unit_id, tier) {
        org_unit_id -> DbUuid,
        tier -> Text,
        customers -> BigInt,
        aum -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    portfolio_change (id) {
        id -> BigInt,
        org_unit_id -> DbUuid,
        tier -> Text,
        customers -> BigInt,
        aum -> BigInt,
        owner_id -> DbUuid,
        rated -> BigInt,
        completeness -> BigInt,
        gaps -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    quality_share (org_unit_id, owner_id, tier) {
        org_unit_id -> DbUuid,
        owner_id -> DbUuid,
        tier -> Text,
        customers -> BigInt,
        rated -> BigInt,
        completeness -> BigInt,
        gaps -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    product (id) {
        id -> DbUuid,
        code -> Text,
        kind -> Text,
        name_zh -> Text,
        name_en -> Text,
        risk_grade -> Nullable<Text>,
        currency -> Text,
        counts_as_asset -> Bool,
        term_days -> Nullable<Integer>,
        terms -> Nullable<Text>,
        archived_at -> Nullable<DbMoment>,
        archived -> Bool,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    exchange_rate (id) {
        id -> DbUuid,
        currency -> Text,
        valid_from -> Date,
        rate -> BigInt,
        applied -> Bool,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    holding (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        product_id -> DbUuid,
        status -> Text,
        currency -> Text,
        amount -> BigInt,
        opening_amount -> BigInt,
        value -> BigInt,
        quantity -> Nullable<BigInt>,
        quantity_unit -> Nullable<Text>,
        cost -> Nullable<BigInt>,
        opened_on -> Date,
        matures_on -> Nullable<Date>,
        maturity -> Date,
        auto_renewal -> Bool,
        closed_on -> Nullable<Date>,
        channel -> Text,
        reference -> Nullable<Text>,
        note -> Nullable<Text>,
        entries -> Integer,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    holding_transaction (id) {
        id -> DbUuid,
        holding_id -> DbUuid,
        customer_id -> DbUuid,
        day -> Date,
        kind -> Text,
        amount -> BigInt,
        delta -> BigInt,
        channel -> Text,
        note -> Nullable<Text>,
        reverses_id -> Nullable<DbUuid>,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    holding_balance (holding_id, day) {
        holding_id -> DbUuid,
        day -> Date,
        amount -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbMoment;

    tier_policy (tier) {
        tier -> Text,
        threshold -> BigInt,
        cadence_days -> Nullable<Integer>,
        servicing_channel -> Text,
        version -> BigInt,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    tier_policy_set (id) {
        id -> DbUuid,
        state -> Text,
        valid_from -> Date,
        basis -> Text,
        grace_days -> Integer,
        candidate_percent -> Integer,
        gem_amount -> BigInt,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    tier_policy_rule (policy_id, tier) {
        policy_id -> DbUuid,
        tier -> Text,
        threshold -> BigInt,
        cadence_days -> Nullable<Integer>,
        servicing_channel -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    aum_balance (customer_id, day) {
        customer_id -> DbUuid,
        day -> Date,
        aum -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_tier_history (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        from_tier -> Nullable<Text>,
        to_tier -> Text,
        aum -> BigInt,
        reason -> Text,
        at -> DbMoment,
        average_aum -> Nullable<BigInt>,
        threshold -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    due_work (kind, subject) {
        kind -> Text,
        subject -> Text,
        after -> Nullable<DbUuid>,
        due_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    interaction (id) {
        search_key -> BigInt,
        id -> DbUuid,
        customer_id -> DbUuid,
        author_id -> Nullable<DbUuid>,
        kind -> Text,
        direction -> Text,
        purpose -> Text,
        outcome -> Text,
        mood -> Nullable<Text>,
        duration_minutes -> Nullable<Integer>,
        occurred_at -> DbMoment,
        notes -> Nullable<Text>,
        searched -> Text,
        archived_at -> Nullable<DbMoment>,
        archived -> Bool,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    task (id) {
        id -> DbUuid,
        customer_id -> Nullable<DbUuid>,
        title -> Text,
        notes -> Nullable<Text>,
        assignee_id -> DbUuid,
        creator_id -> Nullable<DbUuid>,
        due_on -> Date,
        priority -> Text,
        status -> Text,
        source -> Text,
        source_id -> Nullable<DbUuid>,
        outcome -> Nullable<Text>,
        done_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
        source_on -> Nullable<Date>,
    }
}

diesel::table! {
    directory (id) {
        id -> SmallInt,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbMoment;

    contact_target (id) {
        id -> SmallInt,
        meetings_a_day -> Integer,
        connected_calls_a_day -> Integer,
        version -> BigInt,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    questionnaire (id) {
        id -> DbUuid,
        family_id -> DbUuid,
        number -> Integer,
        state -> Text,
        title_zh -> Text,
        title_en -> Text,
        questions -> DbDoc,
        published_at -> Nullable<DbMoment>,
        archived_at -> Nullable<DbMoment>,
        archived -> Bool,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    survey (id) {
        id -> DbUuid,
        name -> Text,
        questionnaire_id -> DbUuid,
        org_unit_id -> DbUuid,
        language -> Text,
        anonymous -> Bool,
        status -> Text,
        opens_at -> DbMoment,
        closes_at -> DbMoment,
        csat_low -> SmallInt,
        nps_low -> SmallInt,
        ces_low -> SmallInt,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    survey_invitation (id) {
        id -> DbUuid,
        survey_id -> DbUuid,
        customer_id -> DbUuid,
        token_hash -> Binary,
        opened -> Bool,
        used -> Bool,
        revoked -> Bool,
        opened_at -> Nullable<DbMoment>,
        answered_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    survey_answer (id) {
        id -> DbUuid,
        survey_id -> DbUuid,
        customer_id -> Nullable<DbUuid>,
        invitation_id -> Nullable<DbUuid>,
        source -> Text,
        language -> Text,
        answers -> DbDoc,
        note -> Nullable<Text>,
        low -> Bool,
        has_text -> Bool,
        nps -> Nullable<SmallInt>,
        tier -> Nullable<Text>,
        org_unit_id -> Nullable<DbUuid>,
        owner_id -> Nullable<DbUuid>,
        entered_by -> Nullable<DbUuid>,
        answered_on -> Date,
        answered_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    survey_answer_value (survey_id, answer_id, question, value) {
        survey_id -> DbUuid,
        answer_id -> DbUuid,
        question -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    survey_follow_up (answer_id) {
        answer_id -> DbUuid,
        customer_id -> DbUuid,
        assignee_id -> Nullable<DbUuid>,
        due_on -> Date,
        reason -> Text,
        task_id -> Nullable<DbUuid>,
        created_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    upload (id) {
        id -> DbUuid,
        name -> Text,
        bytes -> BigInt,
        digest -> Binary,
        created_by -> Nullable<DbUuid>,
        created_at -> DbMoment,
        expires_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    job (id) {
        id -> DbUuid,
        kind -> Text,
        state -> Text,
        title -> Text,
        dry_run -> Bool,
        input -> DbDoc,
        processed -> BigInt,
        total -> Nullable<BigInt>,
        created -> BigInt,
        updated -> BigInt,
        unchanged -> BigInt,
        failed -> BigInt,
        cancel_requested -> Bool,
        problem -> Nullable<DbDoc>,
        attempts -> Integer,
        lease_holder -> DbUuid,
        lease_until -> DbMoment,
        created_by -> Nullable<DbUuid>,
        created_at -> DbMoment,
        started_at -> Nullable<DbMoment>,
        finished_at -> Nullable<DbMoment>,
        expires_at -> DbMoment,
        version -> BigInt,
        undone_by -> Nullable<DbUuid>,
        duplicates -> BigInt,
        merged -> BigInt,
        skipped -> BigInt,
        conflicts -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    job_file (job_id) {
        job_id -> DbUuid,
        file_id -> DbUuid,
        name -> Text,
        format -> Text,
        bytes -> BigInt,
        digest -> Binary,
        expires_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    import_problem (id) {
        id -> DbUuid,
        job_id -> DbUuid,
        line -> BigInt,
        record -> Binary,
        problems -> DbDoc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    imported_record (key) {
        key -> Binary,
        target -> Text,
        record_id -> DbUuid,
        customer_id -> DbUuid,
        said -> Binary,
        job_id -> DbUuid,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    import_change (job_id, line, place) {
        job_id -> DbUuid,
        line -> BigInt,
        place -> Integer,
        target -> Text,
        record_id -> DbUuid,
        customer_id -> DbUuid,
        version -> BigInt,
        key -> Nullable<Binary>,
        before -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid, DbDoc};

    duplicate_pair (id) {
        id -> DbUuid,
        first_id -> DbUuid,
        second_id -> DbUuid,
        score -> SmallInt,
        evidence -> DbDoc,
        state -> Text,
        search_id -> DbUuid,
        found_at -> DbMoment,
        decided_at -> Nullable<DbMoment>,
        decided_by -> Nullable<DbUuid>,
        reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    customer_merge (id) {
        id -> DbUuid,
        survivor_id -> DbUuid,
        merged_id -> DbUuid,
        taken -> DbDoc,
        moved -> DbDoc,
        kept -> DbDoc,
        reason -> Nullable<Text>,
        merged_at -> DbMoment,
        merged_by -> Nullable<DbUuid>,
        undone_at -> Nullable<DbMoment>,
        undone_by -> Nullable<DbUuid>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    customer_merge_row (merge_id, target, row_id) {
        merge_id -> DbUuid,
        target -> Text,
        row_id -> DbUuid,
        was_primary -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    field_conflict (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        field -> Text,
        system -> Text,
        offered -> DbDoc,
        state -> Text,
        offered_at -> DbMoment,
        resolved_at -> Nullable<DbMoment>,
        resolved_by -> Nullable<DbUuid>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    relation (id) {
        id -> DbUuid,
        from_id -> DbUuid,
        to_id -> DbUuid,
        kind -> Text,
        share_percent -> Nullable<Integer>,
        title -> Nullable<Text>,
        authority -> Nullable<Text>,
        note -> Nullable<Text>,
        since -> Nullable<Date>,
        until -> Nullable<Date>,
        archived -> Bool,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    household (id) {
        id -> DbUuid,
        name -> Text,
        archived -> Bool,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
        name_sort -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    household_member (household_id, customer_id) {
        household_id -> DbUuid,
        customer_id -> DbUuid,
        role -> Text,
        is_primary -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    holding_co_owner (holding_id, customer_id) {
        holding_id -> DbUuid,
        customer_id -> DbUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    segment_scheme (id) {
        id -> DbUuid,
        code -> Text,
        name_zh -> Text,
        name_en -> Text,
        applies_to -> Nullable<Text>,
        place -> Integer,
        evaluated_on -> Nullable<Date>,
        archived -> Bool,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    segment (id) {
        id -> DbUuid,
        scheme_id -> DbUuid,
        code -> Text,
        name_zh -> Text,
        name_en -> Text,
        description_zh -> Nullable<Text>,
        description_en -> Nullable<Text>,
        place -> Integer,
        rule -> Text,
        risk_from -> Text,
        risk_to -> Text,
        contribution -> Text,
        service_cost -> Text,
        cadence_days -> Nullable<Integer>,
        preferred_channel -> Nullable<Text>,
        product_preferences -> DbDoc,
        product_exclusions -> DbDoc,
        acts_as_group -> Bool,
        archived -> Bool,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    segment_member (customer_id, scheme_id) {
        customer_id -> DbUuid,
        scheme_id -> DbUuid,
        segment_id -> Nullable<DbUuid>,
        ruled_id -> Nullable<DbUuid>,
        applies -> Bool,
        source -> Text,
        since -> DbMoment,
        reason -> Nullable<Text>,
        until -> Nullable<Date>,
        decided_by -> Nullable<DbUuid>,
        counted_unit_id -> Nullable<DbUuid>,
        counted_aum -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    segment_share (org_unit_id, place_id) {
        org_unit_id -> DbUuid,
        place_id -> DbUuid,
        customers -> BigInt,
        aum -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    customer_follower (name) {
        name -> Text,
        event_seq -> BigInt,
        walking -> Bool,
        after -> Nullable<DbUuid>,
        walked_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment};

    grade_policy (id) {
        id -> Integer,
        rules -> DbDoc,
        version -> BigInt,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    customer_value (customer_id) {
        customer_id -> DbUuid,
        org_unit_id -> Nullable<DbUuid>,
        grade -> Text,
        contribution -> BigInt,
        recency -> SmallInt,
        frequency -> SmallInt,
        monetary -> SmallInt,
        rfm_class -> Text,
        last_purchase_on -> Nullable<Date>,
        lost_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    value_share (org_unit_id, axis, place) {
        org_unit_id -> DbUuid,
        axis -> Text,
        place -> Text,
        customers -> BigInt,
        contribution -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    saved_view (id) {
        id -> DbUuid,
        list -> Text,
        name -> Text,
        sharing -> Text,
        owner_id -> DbUuid,
        org_unit_id -> Nullable<DbUuid>,
        filter -> Nullable<Text>,
        sort -> Nullable<Text>,
        shown -> DbDoc,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    job_target (job_id, place) {
        job_id -> DbUuid,
        place -> Integer,
        customer_id -> DbUuid,
        outcome -> Text,
        org_unit_id -> Nullable<DbUuid>,
        owner_id -> Nullable<DbUuid>,
        task_id -> Nullable<DbUuid>,
        tagged_at -> Nullable<DbMoment>,
        tagged_by -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    tag (id) {
        id -> DbUuid,
        name -> Text,
        name_folded -> Text,
        name_sort -> Text,
        colour -> Text,
        description -> Nullable<Text>,
        customers -> BigInt,
        archived -> Bool,
        archived_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_tag (customer_id, tag_id) {
        customer_id -> DbUuid,
        tag_id -> DbUuid,
        added_at -> DbMoment,
        added_by -> Nullable<DbUuid>,
        job_id -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    default_view (user_id, list) {
        user_id -> DbUuid,
        list -> Text,
        view_id -> DbUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbDoc, DbMoment, DbUuid};

    import_mapping (id) {
        id -> DbUuid,
        name -> Text,
        shared -> Bool,
        created_by -> DbUuid,
        header -> DbDoc,
        used -> DbDoc,
        mapping -> DbDoc,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    import_duplicate (id) {
        id -> DbUuid,
        job_id -> DbUuid,
        line -> BigInt,
        customer_id -> Nullable<DbUuid>,
        of_line -> Nullable<BigInt>,
        likeness -> Text,
        action -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_ownership (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        owner_id -> DbUuid,
        began_at -> DbMoment,
        how -> Text,
        began_by -> Nullable<DbUuid>,
        signed_at -> Nullable<DbMoment>,
        ended_at -> Nullable<DbMoment>,
        ended_how -> Nullable<Text>,
        ended_by -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_loss (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        owner_id -> Nullable<DbUuid>,
        org_unit_id -> DbUuid,
        lost_at -> DbMoment,
        recorded_by -> Nullable<DbUuid>,
        returned_at -> Nullable<DbMoment>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbMoment;

    team_policy (id) {
        id -> Integer,
        version -> BigInt,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    team_rule (tier, role) {
        tier -> Text,
        role -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_care (customer_id) {
        customer_id -> DbUuid,
        tier -> Text,
        rank -> Integer,
        no_owner -> Bool,
        unsigned -> Bool,
        incomplete -> Bool,
        missing -> Integer,
        since -> DbMoment,
        no_plan -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    handover (id) {
        id -> DbUuid,
        from_user_id -> DbUuid,
        org_unit_id -> DbUuid,
        reason -> Text,
        note -> Nullable<Text>,
        effective_on -> Date,
        double_access_days -> Integer,
        state -> Text,
        customers -> Integer,
        moved -> Integer,
        skipped -> Integer,
        remaining -> Integer,
        proposed_by -> Nullable<DbUuid>,
        finished_at -> Nullable<DbMoment>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    handover_receiver (handover_id, user_id) {
        handover_id -> DbUuid,
        user_id -> DbUuid,
        place -> Integer,
        rule -> Nullable<Text>,
        customers -> Integer,
        state -> Text,
        answered_at -> Nullable<DbMoment>,
        answer_reason -> Nullable<Text>,
        task_id -> Nullable<DbUuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    handover_customer (handover_id, customer_id) {
        handover_id -> DbUuid,
        customer_id -> DbUuid,
        user_id -> DbUuid,
        place -> Integer,
        state -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    customer_access (user_id, customer_id) {
        user_id -> DbUuid,
        customer_id -> DbUuid,
        until -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    stand_in (id) {
        id -> DbUuid,
        absent_id -> DbUuid,
        org_unit_id -> DbUuid,
        user_id -> DbUuid,
        reason -> Text,
        note -> Nullable<Text>,
        begins_on -> Date,
        ends_on -> Date,
        begins_at -> DbMoment,
        ends_at -> DbMoment,
        cancelled -> Bool,
        task_id -> Nullable<DbUuid>,
        created_by -> Nullable<DbUuid>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    care_plan (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        goal -> Text,
        starts_on -> Date,
        review_on -> Date,
        state -> Text,
        outcome -> Nullable<Text>,
        ended_at -> Nullable<DbMoment>,
        created_by -> Nullable<DbUuid>,
        version -> BigInt,
        created_at -> DbMoment,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    care_plan_rule (tier) {
        tier -> Text,
    }
}

diesel::table! {
    visit_rule (tier, role) {
        tier -> Text,
        role -> Text,
        days -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    leader_visit (id) {
        id -> DbUuid,
        customer_id -> DbUuid,
        user_id -> DbUuid,
        role -> Text,
        tier -> Text,
        rank -> Integer,
        last_visited_at -> Nullable<DbMoment>,
        since -> DbMoment,
        due_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbMoment;

    pool_policy (id) {
        id -> Integer,
        notice_days -> Integer,
        claims_per_day -> Nullable<Integer>,
        hold_days -> Integer,
        version -> BigInt,
        updated_at -> DbMoment,
    }
}

diesel::table! {
    pool_rule (tier) {
        tier -> Text,
        days -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::DbUuid;

    pool_warning (customer_id) {
        customer_id -> DbUuid,
        warned_on -> Date,
        falls_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{DbMoment, DbUuid};

    pool_customer (customer_id) {
        customer_id -> DbUuid,
        org_unit_id -> DbUuid,
        previous_owner_id -> DbUuid,
        fell_at -> DbMoment,
    }
}

diesel::joinable!(user_account -> org_unit (org_unit_id));
diesel::joinable!(session -> user_account (user_id));
diesel::joinable!(refresh_token -> session (session_id));
diesel::joinable!(customer -> org_unit (org_unit_id));
diesel::joinable!(customer -> user_account (owner_id));
diesel::joinable!(customer_figures -> customer (customer_id));
diesel::joinable!(customer_pair -> customer (customer_id));
diesel::joinable!(identity_document -> customer (customer_id));
diesel::joinable!(contact_point -> customer (customer_id));
diesel::joinable!(external_id -> customer (customer_id));
diesel::joinable!(customer_team -> customer (customer_id));
diesel::joinable!(customer_team -> user_account (user_id));
diesel::joinable!(audit_document -> audit_entry (entry_id));
diesel::joinable!(holding -> customer (customer_id));
diesel::joinable!(holding -> product (product_id));
diesel::joinable!(holding_transaction -> holding (holding_id));
diesel::joinable!(holding_transaction -> customer (customer_id));
diesel::joinable!(holding_balance -> holding (holding_id));
diesel::joinable!(tier_policy_rule -> tier_policy_set (policy_id));
diesel::joinable!(segment -> segment_scheme (scheme_id));
diesel::joinable!(segment_member -> segment_scheme (scheme_id));
diesel::joinable!(segment_member -> customer (customer_id));
diesel::joinable!(customer_tag -> tag (tag_id));
diesel::joinable!(customer_tag -> customer (customer_id));
diesel::joinable!(customer_tag -> user_account (added_by));
diesel::joinable!(customer_value -> customer (customer_id));
diesel::joinable!(customer_ownership -> customer (customer_id));
diesel::joinable!(customer_loss -> customer (customer_id));
diesel::joinable!(customer_care -> customer (customer_id));
diesel::joinable!(handover_customer -> customer (customer_id));
diesel::joinable!(handover -> org_unit (org_unit_id));
diesel::joinable!(stand_in -> org_unit (org_unit_id));
diesel::joinable!(care_plan -> customer (customer_id));
diesel::joinable!(leader_visit -> customer (customer_id));
diesel::joinable!(pool_warning -> customer (customer_id));
diesel::joinable!(pool_customer -> customer (customer_id));
diesel::joinable!(pool_customer -> org_unit (org_unit_id));
diesel::joinable!(aum_balance -> customer (customer_id));
diesel::joinable!(customer_tier_history -> customer (customer_id));
diesel::joinable!(interaction -> customer (customer_id));
diesel::joinable!(interaction -> user_account (author_id));
diesel::joinable!(task -> customer (customer_id));
diesel::joinable!(survey -> questionnaire (questionnaire_id));
diesel::joinable!(survey -> org_unit (org_unit_id));
diesel::joinable!(survey_invitation -> survey (survey_id));
diesel::joinable!(survey_invitation -> customer (customer_id));
diesel::joinable!(survey_answer -> survey (survey_id));
diesel::joinable!(survey_answer -> customer (customer_id));
diesel::joinable!(survey_answer_value -> survey_answer (answer_id));
diesel::joinable!(survey_follow_up -> survey_answer (answer_id));
diesel::joinable!(job -> user_account (created_by));
diesel::joinable!(import_problem -> job (job_id));
diesel::joinable!(imported_record -> customer (customer_id));
diesel::joinable!(import_change -> job (job_id));
diesel::joinable!(import_mapping -> user_account (created_by));
diesel::joinable!(import_duplicate -> job (job_id));
diesel::joinable!(import_duplicate -> customer (customer_id));
diesel::joinable!(household_member -> household (household_id));
diesel::joinable!(household_member -> customer (customer_id));
diesel::joinable!(holding_co_owner -> holding (holding_id));
diesel::joinable!(holding_co_owner -> customer (customer_id));
diesel::joinable!(customer_merge -> customer (survivor_id));
diesel::joinable!(customer_merge_row -> customer_merge (merge_id));
diesel::joinable!(field_conflict -> customer (customer_id));
diesel::joinable!(field_conflict -> user_account (resolved_by));
diesel::allow_tables_to_appear_in_same_query!(
    installation,
    lease,
    signing_key,
    org_unit,
    user_account,
    session,
    refresh_token,
    customer,
    customer_figures,
    customer_pair,
    portfolio,
    portfolio_change,
    quality_share,
    identity_document,
    contact_point,
    external_id,
    bulk_outcome,
    customer_team,
    idempotency_key,
    audit_entry,
    audit_document,
    change_event,
    product,
    exchange_rate,
    holding,
    holding_transaction,
    holding_balance,
    tier_policy,
    tier_policy_set,
    tier_policy_rule,
    aum_balance,
    segment_scheme,
    segment,
    segment_member,
    segment_share,
    customer_follower,
    grade_policy,
    customer_value,
    value_share,
    saved_view,
    default_view,
    job_target,
    tag,
    customer_tag,
    customer_ownership,
    customer_loss,
    team_policy,
    team_rule,
    customer_care,
    handover,
    handover_receiver,
    handover_customer,
    customer_access,
    stand_in,
    care_plan,
    care_plan_rule,
    visit_rule,
    leader_visit,
    pool_policy,
    pool_rule,
    pool_warning,
    pool_customer,
    customer_tier_history,
    due_work,
    interaction,
    task,
    contact_target,
    directory,
    questionnaire,
    survey,
    survey_invitation,
    survey_answer,
    survey_answer_value,
    survey_follow_up,
    upload,
    job,
    job_file,
    import_problem,
    imported_record,
    import_change,
    import_mapping,
    import_duplicate,
    duplicate_pair,
    customer_merge,
    customer_merge_row,
    field_conflict,
    relation,
    household,
    household_member,
    holding_co_owner,
);
