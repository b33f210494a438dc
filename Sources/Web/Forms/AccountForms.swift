public import Custody
internal import Evidence
public import Ledger

public func members(_ grant: GrantAccount) -> [String: JSON?] {
    [
        "grant": .string(grant.id.text), "role": .string(grant.role.rawValue), "unit": .text(grant.unit), "valid_from": .text(grant.validFrom),
        "valid_until": .text(grant.validUntil), "record": .number(grant.record), "withdrawn_record": grant.withdrawnRecord.map(JSON.number),
        "in_force": .bool(grant.isInForce),
    ]
}

public func members(_ account: AccountAccount) -> [String: JSON?] {
    [
        "account": .string(account.account), "open": .bool(account.isOpen), "opened_record": .number(account.openedRecord),
        "closed_record": account.closedRecord.map(JSON.number), "people": .array(account.people.map { .string($0.text) }),
        "grants": .array(account.grants.map { .members(members($0)) }),
        "sign_in_changes": account.signInChanges.map { .array($0.map { .members(members($0)) }) },
    ]
}

public func members(_ change: SignInChangeAccount) -> [String: JSON?] {
    [
        "act": .string(change.act.rawValue), "at": .text(change.time), "by": .string(change.actor.account), "acting_as": .text(change.actor.actingAs),
        "record": .number(change.record),
    ]
}

extension Schema {
    static let grant = Schema.named(
        "Grant",
        .object([
            .required("grant", .identifier(GrantID.prefix)), .required("role", .choice(of: Role.self)),
            .optional("unit", .identifier(UnitID.prefix), "Everywhere where there is none."), .required("valid_from", .date),
            .optional("valid_until", .date), .required("record", .count), .optional("withdrawn_record", .count), .required("in_force", .boolean),
        ]))

    static let accountWithGrants = Schema.named(
        "Account",
        .object([
            .required("account", .account), .required("open", .boolean), .required("opened_record", .count), .optional("closed_record", .count),
            .required("people", .list(.identifier(PersonID.prefix)), "Whose own account it is."), .required("grants", .list(.grant)),
            .optional(
                "sign_in_changes", .list(signInChange),
                "What was done last to how it signs in, and by whom, newest first: who made a setup link for it could take it over."),
        ]))

    private static let signInChange = Schema.object([
        .required("act", .choice(of: SignInAct.self)), .required("at", .time), .required("by", .line(max: 200)),
        .optional("acting_as", .line(max: 200), "In whose name, where it was somebody at the console."), .required("record", .count),
    ])
}
