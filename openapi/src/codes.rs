/// A code that is none of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl std::fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an unknown code")
    }
}

impl std::error::Error for UnknownCode {}

/// Defines an enumeration of wire codes: `snake_case` in JSON, in the database and in filters alike.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $code)] $variant),+ }

        impl $name {
            /// Every value, in the order in which a person expects to see them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every code, in the same order as [`Self::ALL`].
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// The code on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value with this code, if there is one.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                Self::from_code(code).ok_or(crate::UnknownCode)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::CODES.iter().copied()))
                    .into()
            }
        }
        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use codes;

codes! {
    /// What a user may do and whose customers they see; one policy table in the server gives both.
    Role {
        /// Relationship manager: looks after an assigned book of customers.
        Rm = "rm",
        /// Wealth adviser: joins the maintenance teams of other people's customers.
        Adviser = "adviser",
        OutletHead = "outlet_head",
        DeputyManager = "deputy_manager",
        BranchManager = "branch_manager",
        Teller = "teller",
        /// Service staff: takes inquiries and complaints from every customer.
        Service = "service",
        Admin = "admin",
        Auditor = "auditor",
    }
}

codes! {
    /// The level of a unit in the bank's one tree.
    OrgUnitKind {
        HeadOffice = "head_office",
        Branch = "branch",
        SubBranch = "sub_branch",
        Outlet = "outlet",
    }
}

codes! {
    /// Whether a customer is a person or an organisation; never changes.
    CustomerKind {
        Person = "person",
        Organisation = "organisation",
    }
}

codes! {
    /// Where the relationship stands; set by people or by an import.
    CustomerStatus {
        Prospect = "prospect",
        Active = "active",
        Dormant = "dormant",
        Lost = "lost",
    }
}

codes! {
    /// A piece of a customer's profile that counts towards its completeness. New ones come last: the database keeps them by their order.
    ProfilePiece {
        Phone = "phone",
        Address = "address",
        Employer = "employer",
        Occupation = "occupation",
        /// An identity document, or the unified social credit code of an organisation.
        Identity = "identity",
        RiskAttribute = "risk_attribute",
        BirthDate = "birth_date",
        EmailOrWechat = "email_or_wechat",
        City = "city",
        LegalRepresentative = "legal_representative",
        Industry = "industry",
        OrganisationSize = "organisation_size",
        BusinessState = "business_state",
        CreditRating = "credit_rating",
    }
}

codes! {
    Gender {
        Female = "female",
        Male = "male",
        Other = "other",
    }
}

codes! {
    MaritalStatus {
        Single = "single",
        Married = "married",
        Divorced = "divorced",
        Widowed = "widowed",
    }
}

codes! {
    /// How the customer came to the bank.
    CustomerSource {
        /// From the relationship manager's own circle.
        OwnCircle = "own_circle",
        Introduced = "introduced",
        /// Approached without an introduction.
        Direct = "direct",
        /// Came by themselves, to an event or an offer.
        Attracted = "attracted",
    }
}

codes! {
    /// Risk attribute of the customer, from C1 (conservative) to C5 (aggressive).
    RiskAttribute {
        C1 = "c1",
        C2 = "c2",
        C3 = "c3",
        C4 = "c4",
        C5 = "c5",
    }
}

codes! {
    /// Yearly income before tax, in the base currency.
    IncomeBand {
        Below100k = "below_100k",
        From100kTo300k = "from_100k_to_300k",
        From300kTo500k = "from_300k_to_500k",
        From500kTo1m = "from_500k_to_1m",
        From1mTo5m = "from_1m_to_5m",
        Above5m = "above_5m",
    }
}

codes! {
    /// A way to reach a customer.
    Channel {
        Phone = "phone",
        Sms = "sms",
        Wechat = "wechat",
        Email = "email",
        Visit = "visit",
        Branch = "branch",
        Letter = "letter",
    }
}

codes! {
    /// What a customer needs of the bank.
    Need {
        Preservation = "preservation",
        Investment = "investment",
        Migration = "migration",
        Marriage = "marriage",
        Succession = "succession",
        Minors = "minors",
        Tax = "tax",
        CrossBorderReporting = "cross_border_reporting",
        Retirement = "retirement",
        FamilyFirmSeparation = "family_firm_separation",
    }
}

codes! {
    /// A risk to the customer's wealth or family that a plan should cover.
    LifeRisk {
        Health = "health",
        Longevity = "longevity",
        Liability = "liability",
        Marriage = "marriage",
        Inheritance = "inheritance",
        BusinessFailure = "business_failure",
        Concentration = "concentration",
        Currency = "currency",
        Liquidity = "liquidity",
    }
}

codes! {
    /// What the customer works towards.
    Goal {
        HomePurchase = "home_purchase",
        Education = "education",
        Retirement = "retirement",
        WealthGrowth = "wealth_growth",
        WealthTransfer = "wealth_transfer",
        BusinessExpansion = "business_expansion",
        Emigration = "emigration",
        Philanthropy = "philanthropy",
    }
}

codes! {
    /// Kind of the document that proves who a customer is.
    IdentityKind {
        /// Chinese resident identity card.
        ResidentCard = "resident_card",
        Passport = "passport",
        /// Mainland travel permit for Hong Kong and Macau residents.
        HongKongMacauPermit = "hong_kong_macau_permit",
        /// Mainland travel permit for Taiwan residents.
        TaiwanPermit = "taiwan_permit",
        /// Foreign permanent resident identity card.
        PermanentResidence = "permanent_residence",
        /// Unified social credit code of an organisation (GB 32100).
        UnifiedSocialCreditCode = "unified_social_credit_code",
        Other = "other",
    }
}

codes! {
    ContactPointKind {
        Phone = "phone",
        Email = "email",
        Wechat = "wechat",
        Address = "address",
    }
}

codes! {
    /// What a contact point is used for.
    ContactPointUse {
        Personal = "personal",
        Work = "work",
        Home = "home",
        Other = "other",
    }
}

codes! {
    /// Who set a value.
    ValueSource {
        /// A user, in the web app or through the API.
        Staff = "staff",
        /// The customer's own word.
        Customer = "customer",
        /// The bank's core system.
        CoreSystem = "core_system",
        Erp = "erp",
        Import = "import",
    }
}

codes! {
    /// What another customer is to a customer. Each has its inverse, which the other one sees.
    RelationRole {
        Spouse = "spouse",
        Parent = "parent",
        Child = "child",
        Sibling = "sibling",
        Relative = "relative",
        Friend = "friend",
        Colleague = "colleague",
        /// Of the same hobby or trade.
        Circle = "circle",
        /// Has brought the customer.
        Referrer = "referrer",
        Referred = "referred",
        Guarantor = "guarantor",
        Guaranteed = "guaranteed",
        Employer = "employer",
        Employee = "employee",
        LegalRepresentative = "legal_representative",
        /// The organisation that the customer represents.
        Represented = "represented",
        Shareholder = "shareholder",
        /// The organisation of which the customer has shares.
        Shareholding = "shareholding",
        /// Who really decides over an organisation.
        Controller = "controller",
        Controlled = "controlled",
        /// Through whom the bank deals with an organisation.
        KeyContact = "key_contact",
        /// The organisation for which the customer is a key contact.
        ContactFor = "contact_for",
        ParentCompany = "parent_company",
        Subsidiary = "subsidiary",
        Supplier = "supplier",
        Buyer = "buyer",
    }
}

codes! {
    /// What a key contact decides.
    Authority {
        DecisionMaker = "decision_maker",
        Influencer = "influencer",
        Operator = "operator",
        Gatekeeper = "gatekeeper",
    }
}

codes! {
    /// What a customer is in a household.
    HouseholdRole {
        Head = "head",
        Spouse = "spouse",
        Child = "child",
        Parent = "parent",
        Other = "other",
    }
}

codes! {
    /// On which side of a balance sheet something stands.
    BalanceClass {
        Asset = "asset",
        Liability = "liability",
        /// Held without being an asset of the customer, such as a card.
        Other = "other",
    }
}

codes! {
    /// On whose word a user changes a customer.
    ProvidedBy {
        Staff = "staff",
        Customer = "customer",
    }
}

codes! {
    /// Whether somebody has decided between two values of a field.
    ConflictState {
        Open = "open",
        /// The other system's value was taken.
        Accepted = "accepted",
        /// The customer's value was kept. The same value, offered again, opens nothing.
        Declined = "declined",
        /// The import that had offered the value was undone.
        Withdrawn = "withdrawn",
    }
}

codes! {
    /// One of the two values of a conflict.
    ConflictSide {
        /// The value that the customer has.
        Current = "current",
        /// The value that the other system offers.
        Offered = "offered",
    }
}

codes! {
    /// State of an organisation's business.
    BusinessState {
        StartUp = "start_up",
        Growing = "growing",
        Stable = "stable",
        Declining = "declining",
        Suspended = "suspended",
    }
}

codes! {
    /// Size of an organisation (the four classes of the national statistics).
    OrganisationSize {
        Micro = "micro",
        Small = "small",
        Medium = "medium",
        Large = "large",
    }
}

codes! {
    /// The part a colleague plays in the maintenance team of a customer.
    TeamRole {
        BranchManager = "branch_manager",
        DeputyManager = "deputy_manager",
        OutletHead = "outlet_head",
        Rm = "rm",
        Adviser = "adviser",
    }
}

codes! {
    /// Kind of an asset or service that a customer holds at another bank.
    OutsideAssetKind {
        Deposit = "deposit",
        Wealth = "wealth",
        Fund = "fund",
        Insurance = "insurance",
        PreciousMetal = "precious_metal",
        Card = "card",
        Loan = "loan",
        Other = "other",
    }
}

codes! {
    /// Language of texts.
    Language {
        ZhCn = "zh-CN",
        En = "en",
    }
}

codes! {
    Theme {
        System = "system",
        Light = "light",
        Dark = "dark",
    }
}

codes! {
    /// Row height of tables.
    Density {
        Comfortable = "comfortable",
        Standard = "standard",
        Compact = "compact",
    }
}

codes! {
    /// Which colour a gain has.
    GainColour {
        Red = "red",
        Green = "green",
    }
}

codes! {
    /// What sort of thing a product is. Coverage counts these.
    ProductKind {
        Deposit = "deposit",
        Wealth = "wealth",
        Fund = "fund",
        Insurance = "insurance",
        PreciousMetal = "precious_metal",
        Card = "card",
        Loan = "loan",
        MobileBanking = "mobile_banking",
        OnlineBanking = "online_banking",
        Payroll = "payroll",
        /// Third-party custody of a securities account.
        Custody = "custody",
        /// A plan that buys regularly.
        RegularInvestment = "regular_investment",
        Trust = "trust",
        Bond = "bond",
        /// Known to exist, but not what: from systems that only count products.
        Unspecified = "unspecified",
        Other = "other",
    }
}

impl ProductKind {
    /// Whether what is held of this kind is an asset under management, unless a product says otherwise.
    pub const fn counts_as_asset(self) -> bool {
        !matches!(self, Self::Card | Self::Loan)
    }
}

codes! {
    /// Risk grade of a product, from R1 (low) to R5 (high).
    RiskGrade {
        R1 = "r1",
        R2 = "r2",
        R3 = "r3",
        R4 = "r4",
        R5 = "r5",
    }
}

codes! {
    HoldingStatus {
        Active = "active",
        /// Past its term and paid out or to be paid out; no asset any more.
        Matured = "matured",
        Closed = "closed",
    }
}

codes! {
    /// Where a holding was opened or a transaction was made.
    HoldingChannel {
        Counter = "counter",
        Mobile = "mobile",
        Online = "online",
        Phone = "phone",
        /// Through the relationship manager.
        Rm = "rm",
        Partner = "partner",
        Unknown = "unknown",
    }
}

codes! {
    QuantityUnit {
        Grams = "grams",
        Shares = "shares",
        Units = "units",
    }
}

codes! {
    /// What a transaction does to the amount of a holding.
    TransactionKind {
        Deposit = "deposit",
        Withdrawal = "withdrawal",
        Purchase = "purchase",
        Redemption = "redemption",
        Interest = "interest",
        /// Reinvested; one that is paid out moves nothing.
        Dividend = "dividend",
        Fee = "fee",
        TransferIn = "transfer_in",
        TransferOut = "transfer_out",
        /// Of a loan.
        Repayment = "repayment",
        /// Of a loan.
        Drawdown = "drawdown",
        /// A new valuation or a correction: the only kind whose amount has a sign.
        Adjustment = "adjustment",
    }
}

impl TransactionKind {
    /// Whether it takes from the amount of the holding.
    pub const fn takes(self) -> bool {
        matches!(self, Self::Withdrawal | Self::Redemption | Self::Fee | Self::TransferOut | Self::Repayment)
    }
}

codes! {
    /// How staff and customer were in touch.
    InteractionKind {
        Call = "call",
        Visit = "visit",
        /// At the counter or in a meeting room of the bank.
        BranchMeeting = "branch_meeting",
        Email = "email",
        Sms = "sms",
        Wechat = "wechat",
        LiveChat = "live_chat",
        SocialMedia = "social_media",
        Video = "video",
        Event = "event",
        Letter = "letter",
        /// Of an older record that does not say.
        Unknown = "unknown",
    }
}

impl InteractionKind {
    /// The kinds in which a customer is met: they count as meetings where targets are compared.
    pub const MEETINGS: [Self; 3] = [Self::Visit, Self::BranchMeeting, Self::Video];
}

codes! {
    /// Who began a contact.
    Direction {
        /// The customer.
        Inbound = "inbound",
        /// The bank.
        Outbound = "outbound",
    }
}

codes! {
    /// What a contact was about.
    InteractionPurpose {
        Relationship = "relationship",
        Sale = "sale",
        Service = "service",
        Maturity = "maturity",
        ReturnVisit = "return_visit",
        Complaint = "complaint",
        Survey = "survey",
        Other = "other",
    }
}

codes! {
    /// What came of a contact. All but `not_reached` and `left_message` reached the customer.
    InteractionOutcome {
        Reached = "reached",
        NotReached = "not_reached",
        LeftMessage = "left_message",
        Interested = "interested",
        Sold = "sold",
        Declined = "declined",
        FollowUp = "follow_up",
        Unknown = "unknown",
    }
}

impl InteractionOutcome {
    /// The codes of contacts that did not reach the customer.
    pub const UNCONNECTED: [&'static str; 2] = ["not_reached", "left_message"];

    /// Whether the customer was reached.
    pub fn is_connected(self) -> bool {
        !Self::UNCONNECTED.contains(&self.as_str())
    }
}

codes! {
    /// How the customer felt about it.
    Mood {
        Positive = "positive",
        Neutral = "neutral",
        Negative = "negative",
    }
}

codes! {
    TaskPriority {
        Normal = "normal",
        High = "high",
    }
}

codes! {
    TaskStatus {
        Open = "open",
        Done = "done",
        Cancelled = "cancelled",
    }
}

codes! {
    /// Where a task comes from.
    TaskSource {
        /// Somebody wrote it down.
        Manual = "manual",
        /// The next step of a contact.
        Interaction = "interaction",
        /// The answer to a survey.
        Survey = "survey",
        /// The handover of a customer.
        Handover = "handover",
        /// Somebody is away, and one stands in.
        StandIn = "stand_in",
        /// A step of a care plan.
        CarePlan = "care_plan",
        /// The visit of a leader.
        LeaderVisit = "leader_visit",
        /// A customer who has not been contacted for as long as the tier allows.
        ContactDue = "contact_due",
        Birthday = "birthday",
        /// A holding that matures.
        Maturity = "maturity",
    }
}

codes! {
    /// Why something stands in the list of the day.
    TodayReason {
        /// A customer has given a low score.
        LowScore = "low_score",
        /// A task is due.
        TaskDue = "task_due",
        /// A holding matures.
        Maturity = "maturity",
        Birthday = "birthday",
        /// The customer has not been contacted for as long as the tier allows.
        ContactDue = "contact_due",
        /// You, as a leader of the customer's team, are to visit the customer.
        VisitDue = "visit_due",
    }
}

codes! {
    /// What a question asks for.
    QuestionKind {
        /// Satisfaction, 1 to 5.
        Csat = "csat",
        /// Willingness to recommend, 0 to 10.
        Nps = "nps",
        /// How easy it was made, 1 to 7.
        Ces = "ces",
        SingleChoice = "single_choice",
        MultipleChoice = "multiple_choice",
        Text = "text",
    }
}

impl QuestionKind {
    /// Lowest and highest score, for the kinds that have one.
    pub const fn scale(self) -> Option<(i16, i16)> {
        match self {
            QuestionKind::Csat => Some((1, 5)),
            QuestionKind::Nps => Some((0, 10)),
            QuestionKind::Ces => Some((1, 7)),
            QuestionKind::SingleChoice | QuestionKind::MultipleChoice | QuestionKind::Text => None,
        }
    }

    /// Whether it is answered by options.
    pub const fn has_options(self) -> bool {
        matches!(self, QuestionKind::SingleChoice | QuestionKind::MultipleChoice)
    }
}

codes! {
    /// What part of the relationship a question is about.
    Dimension {
        Overall = "overall",
        Product = "product",
        Attitude = "attitude",
        AfterSales = "after_sales",
        Channel = "channel",
    }
}

codes! {
    /// A published version of a questionnaire is frozen for ever.
    QuestionnaireState {
        Draft = "draft",
        Published = "published",
    }
}

codes! {
    /// Where a survey stands. It counts as closed from `closes_at` on.
    SurveyStatus {
        Draft = "draft",
        Open = "open",
        Closed = "closed",
    }
}

codes! {
    /// Where an invitation to a survey stands.
    InvitationState {
        Invited = "invited",
        Opened = "opened",
        Answered = "answered",
        /// The survey closed without an answer.
        Expired = "expired",
        Revoked = "revoked",
    }
}

codes! {
    /// How an answer came in.
    AnswerSource {
        /// By the customer's own link.
        Link = "link",
        /// Entered by staff, as in a phone interview.
        Staff = "staff",
        /// Brought by a file from elsewhere.
        Imported = "imported",
    }
}

codes! {
    /// Why a customer was not invited.
    SkipReason {
        /// There is none, or none that you may know of.
        NotFound = "not_found",
        Archived = "archived",
        DoNotContact = "do_not_contact",
        AlreadyInvited = "already_invited",
        AlreadyAnswered = "already_answered",
    }
}

codes! {
    /// How results are grouped: as the customers stood when they answered.
    ResultsBy {
        None = "none",
        Tier = "tier",
        Unit = "unit",
    }
}

codes! {
    /// Why figures are not shown.
    WithheldBecause {
        /// Fewer answers than the smallest group that is shown.
        TooFew = "too_few",
        /// Anonymous answers are shown when the survey has closed, so that nobody sees them come in one by one.
        UntilClosed = "until_closed",
        /// Anonymous answers have no customer; they are shown to those whose units hold the survey.
        OutsideScope = "outside_scope",
    }
}

codes! {
    /// What a job does.
    JobKind {
        Import = "import",
        /// Takes back what an import has done.
        ImportUndo = "import_undo",
        Export = "export",
        /// Does something to many customers.
        Bulk = "bulk",
        /// Takes back what that has done.
        BulkUndo = "bulk_undo",
        /// Looks for customers who may be one.
        DuplicateSearch = "duplicate_search",
    }
}

codes! {
    /// A list that can become a file.
    ExportList {
        Customers = "customers",
        Interactions = "interactions",
        Tasks = "tasks",
        Holdings = "holdings",
        AuditEntries = "audit_entries",
    }
}

codes! {
    ExportFormat {
        /// Delimited text (RFC 4180) in UTF-8.
        Csv = "csv",
        /// A workbook of one sheet, for table programs.
        Xlsx = "xlsx",
    }
}

codes! {
    JobState {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        /// Some records failed, the others were taken.
        PartiallySucceeded = "partially_succeeded",
        Failed = "failed",
        /// Ended on request; what was done until then stays done.
        Cancelled = "cancelled",
    }
}

codes! {
    /// How a file writes characters.
    TextEncoding {
        Utf8 = "utf_8",
        Gb18030 = "gb18030",
    }
}

codes! {
    /// What stands between the values of a record.
    Delimiter {
        Comma = "comma",
        Semicolon = "semicolon",
        Tab = "tab",
        Pipe = "pipe",
    }
}

codes! {
    /// Whom a file is for: table programs and people, or other systems.
    CsvProfile {
        /// A quote stands before values that begin with = + - @, a tab, a carriage return or NUL; reading takes it away again.
        Spreadsheet = "spreadsheet",
        /// Values stand as they are.
        Raw = "raw",
    }
}

codes! {
    /// What a column of an imported file can become.
    ImportField {
        /// The key of the customer in the system that the file comes from.
        ExternalId = "external_id",
        Kind = "kind",
        Status = "status",
        Name = "name",
        FormOfAddress = "form_of_address",
        Gender = "gender",
        BirthDate = "birth_date",
        BirthYear = "birth_year",
        /// In years; with `age_as_of` it becomes the year of birth.
        Age = "age",
        /// The day on which the customer was of that age.
        AgeAsOf = "age_as_of",
        MaritalStatus = "marital_status",
        Children = "children",
        IdentityKind = "identity_kind",
        IdentityNumber = "identity_number",
        Phone = "phone",
        Email = "email",
        Wechat = "wechat",
        Address = "address",
        Province = "province",
        City = "city",
        Employer = "employer",
        Occupation = "occupation",
        Industry = "industry",
        IncomeBand = "income_band",
        PreferredChannel = "preferred_channel",
        PreferredLanguage = "preferred_language",
        Source = "source",
        RiskAttribute = "risk_attribute",
        CustomerSince = "customer_since",
        Hobbies = "hobbies",
        Character = "character",
        Dislikes = "dislikes",
        Preferences = "preferences",
        Notes = "notes",
        BusinessState = "business_state",
        OrganisationSize = "organisation_size",
        CreditRating = "credit_rating",
        LegalRepresentative = "legal_representative",
        /// Code of the unit that the customer belongs to.
        UnitCode = "unit_code",
        /// User name of the responsible relationship manager.
        OwnerUsername = "owner_username",
    }
}

codes! {
    /// What is done with a record of a file whose customer may be there already.
    #[derive(Default)]
    DuplicateAction {
        /// It becomes a customer of its own.
        #[default]
        Keep = "keep",
        /// It changes the customer that is there, as the record of a known one does.
        Merge = "merge",
        /// Nothing.
        Skip = "skip",
    }
}

codes! {
    /// By what a record of a file is like a customer that is there, or an earlier record.
    DuplicateLikeness {
        IdentityDocument = "identity_document",
        PhoneAndName = "phone_and_name",
    }
}

codes! {
    /// What a record of a file can become besides its customer.
    ImportTarget {
        Holding = "holding",
        Interaction = "interaction",
        SurveyAnswer = "survey_answer",
        /// What another customer is to the record's; entered when all customers of the file are there.
        Relation = "relation",
        /// The household that the record's customer is a member of. Records with the same `key` of a household are members of one.
        Household = "household",
    }
}

codes! {
    /// What is said of a holding, a contact, an answer, a relation or a place in a household that a file brings.
    RecordField {
        /// Code of the product that is held.
        ProductCode = "product_code",
        Status = "status",
        Currency = "currency",
        Amount = "amount",
        OpenedOn = "opened_on",
        MaturesOn = "matures_on",
        /// Through which channel it was opened.
        OpenedThrough = "opened_through",
        /// Account or contract number, of which the end is kept.
        Reference = "reference",
        Kind = "kind",
        Direction = "direction",
        Purpose = "purpose",
        Outcome = "outcome",
        Mood = "mood",
        DurationMinutes = "duration_minutes",
        /// Taken to whole minutes, half a minute up.
        DurationSeconds = "duration_seconds",
        /// The day of the contact; it is noted at the beginning of that day.
        OccurredOn = "occurred_on",
        Notes = "notes",
        /// User name of who had the contact.
        AuthorUsername = "author_username",
        /// Name of the survey that was answered.
        SurveyName = "survey_name",
        AnsweredOn = "answered_on",
        /// The answer to the `question` that stands beside it.
        Answer = "answer",
        /// Key of the other customer in the system that the file comes from. Where a record has none it brings no relation.
        OtherExternalId = "other_external_id",
        /// What the other is to the customer.
        OtherRole = "other_role",
        /// Of a shareholder or a controller.
        SharePercent = "share_percent",
        /// Position of an employee, a representative or a key contact.
        Title = "title",
        /// What a key contact decides.
        Authority = "authority",
        Since = "since",
        /// Over since that day.
        Until = "until",
        Note = "note",
        /// Without it the household is named by its primary member.
        HouseholdName = "household_name",
        /// What the customer is in the household.
        MemberRole = "member_role",
        /// Whether the bank turns to this member (`yes`, `no`); one of a household.
        Primary = "primary",
    }
}

impl RecordField {
    /// What can be said of a target.
    pub const fn of(target: ImportTarget) -> &'static [RecordField] {
        use RecordField::*;
        match target {
            ImportTarget::Holding => {
                &[ProductCode, Status, Currency, Amount, OpenedOn, MaturesOn, OpenedThrough, Reference]
            }
            ImportTarget::Interaction => &[
                Kind,
                Direction,
                Purpose,
                Outcome,
                Mood,
                DurationMinutes,
                DurationSeconds,
                OccurredOn,
                Notes,
                AuthorUsername,
            ],
            ImportTarget::SurveyAnswer => &[SurveyName, AnsweredOn, Answer],
            ImportTarget::Relation => {
                &[OtherExternalId, OtherRole, SharePercent, Title, Authority, Since, Until, Note]
            }
            ImportTarget::Household => &[HouseholdName, MemberRole, Primary],
        }
    }

    /// What has to be said of a target.
    pub const fn needed(target: ImportTarget) -> &'static [RecordField] {
        use RecordField::*;
        match target {
            ImportTarget::Holding => &[ProductCode, OpenedOn],
            ImportTarget::Interaction => &[Kind, OccurredOn],
            ImportTarget::SurveyAnswer => &[SurveyName, AnsweredOn, Answer],
            ImportTarget::Relation => &[OtherExternalId, OtherRole],
            ImportTarget::Household => &[MemberRole],
        }
    }
}
