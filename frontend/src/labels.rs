//! The contract's codes in words.

use guanxi_api::*;
use yew::AttrValue;

use crate::i18n::{I18n, Msg};

/// A code of the contract that people read as words.
pub trait Label: Copy + PartialEq + 'static {
    /// Every value, in the order in which people expect it.
    fn all() -> &'static [Self];
    /// The code on the wire.
    fn code(self) -> &'static str;
    /// The words.
    fn label(self, i: I18n) -> AttrValue;
}

/// Codes and words of all values, for lists to choose from.
pub fn options<T: Label>(i: I18n) -> Vec<(AttrValue, AttrValue)> {
    T::all().iter().map(|value| (AttrValue::Static(value.code()), value.label(i))).collect()
}

/// Yes and no, as codes and words.
pub fn yes_no(i: I18n) -> Vec<(AttrValue, AttrValue)> {
    vec![("true".into(), i.t(Msg::CommonYes)), ("false".into(), i.t(Msg::CommonNo))]
}

/// The value with this code.
pub fn by_code<T: Label>(code: &str) -> Option<T> {
    T::all().iter().copied().find(|value| value.code() == code)
}

macro_rules! labels {
    ($($name:ident { $($variant:ident => $msg:ident),+ $(,)? })+) => {
        $(impl Label for $name {
            fn all() -> &'static [Self] {
                $name::ALL
            }

            fn code(self) -> &'static str {
                self.as_str()
            }

            fn label(self, i: I18n) -> AttrValue {
                i.t(match self { $($name::$variant => Msg::$msg),+ })
            }
        })+
    };
}

labels! {
    Role { Rm => RoleRm, Adviser => RoleAdviser, OutletHead => RoleOutletHead, DeputyManager => RoleDeputyManager, BranchManager => RoleBranchManager, Teller => RoleTeller, Service => RoleService, Admin => RoleAdmin, Auditor => RoleAuditor }
    OrgUnitKind { HeadOffice => OrgUnitKindHeadOffice, Branch => OrgUnitKindBranch, SubBranch => OrgUnitKindSubBranch, Outlet => OrgUnitKindOutlet }
    ViewSharing { Private => ViewsPrivate, Unit => ViewsUnit, Bank => ViewsBank }
    TagColour { Grey => TagColourGrey, Red => TagColourRed, Orange => TagColourOrange, Amber => TagColourAmber, Green => TagColourGreen, Teal => TagColourTeal, Blue => TagColourBlue, Purple => TagColourPurple }
    CustomerKind { Person => CustomerKindPerson, Organisation => CustomerKindOrganisation }
    CustomerStatus { Prospect => CustomerStatusProspect, Active => CustomerStatusActive, Dormant => CustomerStatusDormant, Lost => CustomerStatusLost }
    Tier { Mass => TierMass, Gold => TierGold, Platinum => TierPlatinum, Diamond => TierDiamond, Private => TierPrivate }
    ProfilePiece { Phone => FieldPhone, Address => ContactPointKindAddress, Employer => FieldEmployer, Occupation => FieldOccupation, Identity => IdentityTitle, RiskAttribute => FieldRiskAttribute, BirthDate => FieldBirthDate, EmailOrWechat => FieldEmailOrWechat, City => FieldCity, LegalRepresentative => FieldLegalRepresentative, Industry => FieldIndustry, OrganisationSize => FieldOrganisationSize, BusinessState => FieldBusinessState, CreditRating => FieldCreditRating }
    Gender { Female => GenderFemale, Male => GenderMale, Other => GenderOther }
    MaritalStatus { Single => MaritalStatusSingle, Married => MaritalStatusMarried, Divorced => MaritalStatusDivorced, Widowed => MaritalStatusWidowed }
    CustomerSource { OwnCircle => CustomerSourceOwnCircle, Introduced => CustomerSourceIntroduced, Direct => CustomerSourceDirect, Attracted => CustomerSourceAttracted }
    RiskAttribute { C1 => RiskAttributeC1, C2 => RiskAttributeC2, C3 => RiskAttributeC3, C4 => RiskAttributeC4, C5 => RiskAttributeC5 }
    IncomeBand { Below100k => IncomeBandBelow100k, From100kTo300k => IncomeBandFrom100kTo300k, From300kTo500k => IncomeBandFrom300kTo500k, From500kTo1m => IncomeBandFrom500kTo1m, From1mTo5m => IncomeBandFrom1mTo5m, Above5m => IncomeBandAbove5m }
    Channel { Phone => ChannelPhone, Sms => ChannelSms, Wechat => ChannelWechat, Email => ChannelEmail, Visit => ChannelVisit, Branch => ChannelBranch, Letter => ChannelLetter }
    Need { Preservation => NeedPreservation, Investment => NeedInvestment, Migration => NeedMigration, Marriage => NeedMarriage, Succession => NeedSuccession, Minors => NeedMinors, Tax => NeedTax, CrossBorderReporting => NeedCrossBorderReporting, Retirement => NeedRetirement, FamilyFirmSeparation => NeedFamilyFirmSeparation }
    LifeRisk { Health => LifeRiskHealth, Longevity => LifeRiskLongevity, Liability => LifeRiskLiability, Marriage => LifeRiskMarriage, Inheritance => LifeRiskInheritance, BusinessFailure => LifeRiskBusinessFailure, Concentration => LifeRiskConcentration, Currency => LifeRiskCurrency, Liquidity => LifeRiskLiquidity }
    Goal { HomePurchase => GoalHomePurchase, Education => GoalEducation, Retirement => GoalRetirement, WealthGrowth => GoalWealthGrowth, WealthTransfer => GoalWealthTransfer, BusinessExpansion => GoalBusinessExpansion, Emigration => GoalEmigration, Philanthropy => GoalPhilanthropy }
    IdentityKind { ResidentCard => IdentityKindResidentCard, Passport => IdentityKindPassport, HongKongMacauPermit => IdentityKindHongKongMacauPermit, TaiwanPermit => IdentityKindTaiwanPermit, PermanentResidence => IdentityKindPermanentResidence, UnifiedSocialCreditCode => IdentityKindUnifiedSocialCreditCode, Other => IdentityKindOther }
    ContactPointKind { Phone => ContactPointKindPhone, Email => ContactPointKindEmail, Wechat => ContactPointKindWechat, Address => ContactPointKindAddress }
    ContactPointUse { Personal => ContactPointUsePersonal, Work => ContactPointUseWork, Home => ContactPointUseHome, Other => ContactPointUseOther }
    RelationRole { Spouse => RelationRoleSpouse, Parent => RelationRoleParent, Child => RelationRoleChild, Sibling => RelationRoleSibling, Relative => RelationRoleRelative, Friend => RelationRoleFriend, Colleague => RelationRoleColleague, Circle => RelationRoleCircle, Referrer => RelationRoleReferrer, Referred => RelationRoleReferred, Guarantor => RelationRoleGuarantor, Guaranteed => RelationRoleGuaranteed, Employer => RelationRoleEmployer, Employee => RelationRoleEmployee, LegalRepresentative => RelationRoleLegalRepresentative, Represented => RelationRoleRepresented, Shareholder => RelationRoleShareholder, Shareholding => RelationRoleShareholding, Controller => RelationRoleController, Controlled => RelationRoleControlled, KeyContact => RelationRoleKeyContact, ContactFor => RelationRoleContactFor, ParentCompany => RelationRoleParentCompany, Subsidiary => RelationRoleSubsidiary, Supplier => RelationRoleSupplier, Buyer => RelationRoleBuyer }
    Authority { DecisionMaker => AuthorityDecisionMaker, Influencer => AuthorityInfluencer, Operator => AuthorityOperator, Gatekeeper => AuthorityGatekeeper }
    HouseholdRole { Head => HouseholdRoleHead, Spouse => HouseholdRoleSpouse, Child => HouseholdRoleChild, Parent => HouseholdRoleParent, Other => HouseholdRoleOther }
    ConflictState { Open => ConflictStateOpen, Accepted => ConflictStateAccepted, Declined => ConflictStateDeclined, Withdrawn => ConflictStateWithdrawn }
    ValueSource { Staff => ValueSourceStaff, Customer => ValueSourceCustomer, CoreSystem => ValueSourceCoreSystem, Erp => ValueSourceErp, Import => ValueSourceImport }
    BusinessState { StartUp => BusinessStateStartUp, Growing => BusinessStateGrowing, Stable => BusinessStateStable, Declining => BusinessStateDeclining, Suspended => BusinessStateSuspended }
    OrganisationSize { Micro => OrganisationSizeMicro, Small => OrganisationSizeSmall, Medium => OrganisationSizeMedium, Large => OrganisationSizeLarge }
    TeamRole { BranchManager => TeamRoleBranchManager, DeputyManager => TeamRoleDeputyManager, OutletHead => TeamRoleOutletHead, Rm => TeamRoleRm, Adviser => TeamRoleAdviser }
    OutsideAssetKind { Deposit => OutsideAssetKindDeposit, Wealth => OutsideAssetKindWealth, Fund => OutsideAssetKindFund, Insurance => OutsideAssetKindInsurance, PreciousMetal => OutsideAssetKindPreciousMetal, Card => OutsideAssetKindCard, Loan => OutsideAssetKindLoan, Other => OutsideAssetKindOther }
    Language { ZhCn => LanguageZhCn, En => LanguageEn }
    Theme { System => ThemeSystem, Light => ThemeLight, Dark => ThemeDark }
    Density { Comfortable => DensityComfortable, Standard => DensityStandard, Compact => DensityCompact }
    InteractionKind { Call => InteractionKindCall, Visit => InteractionKindVisit, BranchMeeting => InteractionKindBranchMeeting, Email => InteractionKindEmail, Sms => InteractionKindSms, Wechat => InteractionKindWechat, LiveChat => InteractionKindLiveChat, SocialMedia => InteractionKindSocialMedia, Video => InteractionKindVideo, Event => InteractionKindEvent, Letter => InteractionKindLetter, Unknown => InteractionKindUnknown }
    Direction { Inbound => DirectionInbound, Outbound => DirectionOutbound }
    InteractionPurpose { Relationship => InteractionPurposeRelationship, Sale => InteractionPurposeSale, Service => InteractionPurposeService, Maturity => InteractionPurposeMaturity, ReturnVisit => InteractionPurposeReturnVisit, Complaint => InteractionPurposeComplaint, Survey => InteractionPurposeSurvey, Other => InteractionPurposeOther }
    InteractionOutcome { Reached => InteractionOutcomeReached, NotReached => InteractionOutcomeNotReached, LeftMessage => InteractionOutcomeLeftMessage, Interested => InteractionOutcomeInterested, Sold => InteractionOutcomeSold, Declined => InteractionOutcomeDeclined, FollowUp => InteractionOutcomeFollowUp, Unknown => InteractionOutcomeUnknown }
    Mood { Positive => MoodPositive, Neutral => MoodNeutral, Negative => MoodNegative }
    TaskPriority { Normal => TaskPriorityNormal, High => TaskPriorityHigh }
    TaskStatus { Open => TaskStatusOpen, Done => TaskStatusDone, Cancelled => TaskStatusCancelled }
    TaskSource { Manual => TaskSourceManual, Interaction => TaskSourceInteraction, Survey => TaskSourceSurvey, Handover => TaskSourceHandover, StandIn => TaskSourceStandIn, CarePlan => TaskSourceCarePlan, LeaderVisit => TaskSourceLeaderVisit,
        ContactDue => TaskSourceContactDue, Birthday => TaskSourceBirthday, Maturity => TaskSourceMaturity }
    TodayReason { LowScore => TodayReasonLowScore, TaskDue => TodayReasonTaskDue, Maturity => TodayReasonMaturity, Birthday => TodayReasonBirthday, ContactDue => TodayReasonContactDue, VisitDue => TodayReasonVisitDue }
    GainColour { Red => GainColourRed, Green => GainColourGreen }
    ProductKind { Deposit => ProductKindDeposit, Wealth => ProductKindWealth, Fund => ProductKindFund, Insurance => ProductKindInsurance, PreciousMetal => ProductKindPreciousMetal, Card => ProductKindCard, Loan => ProductKindLoan, MobileBanking => ProductKindMobileBanking, OnlineBanking => ProductKindOnlineBanking, Payroll => ProductKindPayroll, Custody => ProductKindCustody, RegularInvestment => ProductKindRegularInvestment, Trust => ProductKindTrust, Bond => ProductKindBond, Unspecified => ProductKindUnspecified, Other => ProductKindOther }
    RiskGrade { R1 => RiskGradeR1, R2 => RiskGradeR2, R3 => RiskGradeR3, R4 => RiskGradeR4, R5 => RiskGradeR5 }
    HoldingStatus { Active => HoldingStatusActive, Matured => HoldingStatusMatured, Closed => HoldingStatusClosed }
    HoldingChannel { Counter => HoldingChannelCounter, Mobile => HoldingChannelMobile, Online => HoldingChannelOnline, Phone => HoldingChannelPhone, Rm => HoldingChannelRm, Partner => HoldingChannelPartner, Unknown => HoldingChannelUnknown }
    QuantityUnit { Grams => QuantityUnitGrams, Shares => QuantityUnitShares, Units => QuantityUnitUnits }
    TransactionKind { Deposit => TransactionKindDeposit, Withdrawal => TransactionKindWithdrawal, Purchase => TransactionKindPurchase, Redemption => TransactionKindRedemption, Interest => TransactionKindInterest, Dividend => TransactionKindDividend, Fee => TransactionKindFee, TransferIn => TransactionKindTransferIn, TransferOut => TransactionKindTransferOut, Repayment => TransactionKindRepayment, Drawdown => TransactionKindDrawdown, Adjustment => TransactionKindAdjustment }
    ServicingChannel { PhoneCentre => ServicingChannelPhoneCentre, RelationshipManager => ServicingChannelRelationshipManager, PrivateBanking => ServicingChannelPrivateBanking }
    TierReason { Assets => TierReasonAssets, Policy => TierReasonPolicy, Import => TierReasonImport, Average => TierReasonAverage, GraceEnded => TierReasonGraceEnded }
    TierBasis { Today => TierBasisToday, MonthlyAverage => TierBasisMonthlyAverage, YearlyAverage => TierBasisYearlyAverage }
    TierPolicyState { Planned => TierPolicyStatePlanned, InForce => TierPolicyStateInForce, Past => TierPolicyStatePast }
    GradePart { Assets => GradePartAssets, Contribution => FieldContribution, Depth => GradePartDepth, IncomeBand => FieldIncomeBand, OutsideAssets => GradePartOutsideAssets, Needs => GradePartNeeds, Loyalty => GradePartLoyalty, PurchaseFrequency => GradePartPurchaseFrequency, Complaints => GradePartComplaints, CreditRating => FieldCreditRating, OrganisationSize => FieldOrganisationSize, BusinessState => FieldBusinessState }
    RfmClass { Champion => RfmClassChampion, Loyal => RfmClassLoyal, Recent => RfmClassRecent, AtRisk => RfmClassAtRisk, Occasional => RfmClassOccasional, Dormant => RfmClassDormant }
    OwnershipHow { Created => OwnershipHowCreated, Assigned => OwnershipHowAssigned, Handover => OwnershipHowHandover, Import => OwnershipHowImport, Recorded => OwnershipHowRecorded, Pool => OwnershipHowPool, Claimed => OwnershipHowClaimed }
    DuplicateEvidence { SameIdentity => EvidenceSameIdentity, SamePhone => EvidenceSamePhone, SameEmail => EvidenceSameEmail, SameName => EvidenceSameName, SameSound => EvidenceSameSound, SimilarName => EvidenceSimilarName, SameBirthDate => EvidenceSameBirthDate, SimilarBirthDate => EvidenceSimilarBirthDate, SameBirthYear => EvidenceSameBirthYear, SameEmployer => EvidenceSameEmployer, SameCity => EvidenceSameCity, OtherIdentity => EvidenceOtherIdentity, OtherPhone => EvidenceOtherPhone, OtherName => EvidenceOtherName, OtherBirthDate => EvidenceOtherBirthDate, OtherGender => EvidenceOtherGender }
    DuplicateState { Open => DuplicateStateOpen, Dismissed => DuplicateStateDismissed, Merged => DuplicateStateMerged }
    AbsenceReason { Leave => AbsenceReasonLeave, Sickness => AbsenceReasonSickness, Training => AbsenceReasonTraining, BusinessTrip => AbsenceReasonBusinessTrip, Other => AbsenceReasonOther }
    StandInState { Planned => StandInStatePlanned, Active => StandInStateActive, Ended => StandInStateEnded, Cancelled => StandInStateCancelled }
    CarePlanState { Active => CarePlanStateActive, Achieved => CarePlanStateAchieved, Abandoned => CarePlanStateAbandoned }
    HandoverReason { Leaves => HandoverReasonLeaves, Moves => HandoverReasonMoves, Absence => HandoverReasonAbsence, Rebalancing => HandoverReasonRebalancing }
    HandoverState { Proposed => HandoverStateProposed, Accepted => HandoverStateAccepted, Done => HandoverStateDone, Declined => HandoverStateDeclined, Cancelled => HandoverStateCancelled }
    HandoverAnswerState { Waiting => HandoverAnswerWaiting, Accepted => HandoverAnswerAccepted, Declined => HandoverAnswerDeclined }
    HandoverLineState { Waiting => HandoverLineWaiting, Moved => HandoverLineMoved, Skipped => HandoverLineSkipped, Stays => HandoverLineStays }
    SegmentLevel { Low => SegmentLevelLow, LowMid => SegmentLevelLowMid, Mid => SegmentLevelMid, MidHigh => SegmentLevelMidHigh, High => SegmentLevelHigh }
    RiskAppetite { Conservative => RiskAppetiteConservative, Balanced => RiskAppetiteBalanced, Aggressive => RiskAppetiteAggressive }
    SegmentPriority { First => SegmentPriorityFirst, Second => SegmentPrioritySecond, Third => SegmentPriorityThird }
    SegmentSource { Rule => SegmentSourceRule, Override => SegmentSourceOverride }
    QuestionKind { Csat => QuestionKindCsat, Nps => QuestionKindNps, Ces => QuestionKindCes, SingleChoice => QuestionKindSingleChoice, MultipleChoice => QuestionKindMultipleChoice, Text => QuestionKindText }
    Dimension { Overall => DimensionOverall, Product => DimensionProduct, Attitude => DimensionAttitude, AfterSales => DimensionAfterSales, Channel => DimensionChannel }
    QuestionnaireState { Draft => QuestionnaireStateDraft, Published => QuestionnaireStatePublished }
    SurveyStatus { Draft => SurveyStatusDraft, Open => SurveyStatusOpen, Closed => SurveyStatusClosed }
    InvitationState { Invited => InvitationStateInvited, Opened => InvitationStateOpened, Answered => InvitationStateAnswered, Expired => InvitationStateExpired, Revoked => InvitationStateRevoked }
    AnswerSource { Link => AnswerSourceLink, Staff => AnswerSourceStaff, Imported => AnswerSourceImported }
    SkipReason { NotFound => SkipReasonNotFound, Archived => SkipReasonArchived, DoNotContact => SkipReasonDoNotContact, AlreadyInvited => SkipReasonAlreadyInvited, AlreadyAnswered => SkipReasonAlreadyAnswered }
    JobKind { Import => JobKindImport, ImportUndo => JobKindImportUndo, Export => JobKindExport, Bulk => JobKindBulk, BulkUndo => JobKindBulkUndo, DuplicateSearch => JobKindDuplicateSearch }
    ExportList { Customers => NavCustomers, Interactions => NavContacts, Tasks => NavTasks, Holdings => NavHoldingsShort, AuditEntries => NavAudit }
    ExportFormat { Csv => ExportFormatCsv, Xlsx => ExportFormatXlsx }
    CsvProfile { Spreadsheet => CsvProfileSpreadsheet, Raw => CsvProfileRaw }
    JobState { Queued => JobStateQueued, Running => JobStateRunning, Succeeded => JobStateSucceeded, PartiallySucceeded => JobStatePartiallySucceeded, Failed => JobStateFailed, Cancelled => JobStateCancelled }
    TextEncoding { Utf8 => TextEncodingUtf8, Gb18030 => TextEncodingGb18030 }
    Delimiter { Comma => DelimiterComma, Semicolon => DelimiterSemicolon, Tab => DelimiterTab, Pipe => DelimiterPipe }
    ImportField { ExternalId => ImportFieldExternalId, Kind => FieldKind, Status => FieldStatus, Name => FieldName, FormOfAddress => FieldFormOfAddress, Gender => FieldGender, BirthDate => FieldBirthDate, BirthYear => FieldBirthYear, Age => ImportFieldAge, AgeAsOf => ImportFieldAgeAsOf, MaritalStatus => FieldMaritalStatus, Children => FieldChildren,
        IdentityKind => IdentityKindLabel, IdentityNumber => IdentityNumber, Phone => FieldPhone, Email => ContactPointKindEmail, Wechat => ContactPointKindWechat, Address => ContactPointKindAddress, Province => FieldProvince, City => FieldCity,
        Employer => FieldEmployer, Occupation => FieldOccupation, Industry => FieldIndustry, IncomeBand => FieldIncomeBand, PreferredChannel => FieldPreferredChannel, PreferredLanguage => FieldPreferredLanguage, Source => FieldSource, RiskAttribute => FieldRiskAttribute, CustomerSince => FieldCustomerSince,
        Hobbies => FieldHobbies, Character => FieldCharacter, Dislikes => FieldDislikes, Preferences => FieldPreferences, Notes => FieldNotes, BusinessState => FieldBusinessState, OrganisationSize => FieldOrganisationSize, CreditRating => FieldCreditRating, LegalRepresentative => FieldLegalRepresentative,
        UnitCode => ImportFieldUnitCode, OwnerUsername => ImportFieldOwnerUsername }
    DuplicateAction { Keep => DuplicateActionKeep, Merge => DuplicateActionMerge, Skip => DuplicateActionSkip }
    DuplicateLikeness { IdentityDocument => DuplicateLikenessIdentityDocument, PhoneAndName => DuplicateLikenessPhoneAndName }
    ImportTarget { Holding => ImportTargetHolding, Interaction => ImportTargetInteraction, SurveyAnswer => ImportTargetSurveyAnswer, Relation => ImportTargetRelation, Household => ImportTargetHousehold }
    RecordField { ProductCode => ProductCode, Status => FieldStatus, Currency => HoldingCurrency, Amount => HoldingAmount, OpenedOn => HoldingOpenedOn, MaturesOn => HoldingMaturity, OpenedThrough => HoldingChannelLabel, Reference => HoldingReference,
        Kind => FieldContactKind, Direction => FieldDirection, Purpose => FieldPurpose, Outcome => FieldOutcome, Mood => FieldMood, DurationMinutes => FieldMinutes, DurationSeconds => RecordFieldDurationSeconds, OccurredOn => FieldDay, Notes => LogNotes, AuthorUsername => RecordFieldAuthorUsername,
        SurveyName => RecordFieldSurveyName, AnsweredOn => RecordFieldAnsweredOn, Answer => RecordFieldAnswer,
        OtherExternalId => RecordFieldOtherExternalId, OtherRole => RelationsRole, SharePercent => RelationsShare, Title => RelationsPosition, Authority => RelationsAuthority, Since => RelationsSince, Until => RelationsUntil, Note => RelationsNote,
        HouseholdName => RecordFieldHouseholdName, MemberRole => RecordFieldMemberRole, Primary => RecordFieldPrimary }
    ResultsBy { None => ResultsByNone, Tier => ResultsByTier, Unit => ResultsByUnit }
}
