internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

/// Criteria sets and rule sets.
enum CriteriaOperations {
    static let tag = "criteria"

    static func all(_ archive: Archive) -> [Operation] {
        [
            Operation(
                "criteria.list", .get, "/api/v1/criteria", "Criteria sets and rule sets that may be used, by code and version", tag: tag,
                parameters: Operation.paging(of: "documents"),
                outcomes: [Operation.Outcome(200, .json(.page(of: Forms.rules)), "A page of them.")]
            ) { call in
                let after = try call.place { Int($0) } ?? 0
                let rules = try await archive.rules()
                let page = rules.dropFirst(after).prefix(call.limit())
                return .page(
                    page.map { JSON.object(members($0).compactMapValues(\.self)) },
                    next: after + page.count < rules.count ? "\(after + page.count)" : nil)
            }
        ]
    }
}
