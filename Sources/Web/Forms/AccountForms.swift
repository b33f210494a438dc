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
        ]))
}
