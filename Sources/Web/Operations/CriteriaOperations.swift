internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

/// Criteria sets and rule sets.
enum CriteriaOperations {
    private static let tag = "criteria"

    static func all(_ archive: Archive) -> [Operation] { [list(archive), get(archive), importRules(archive)] }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "criteria.list", .get, "/api/v1/criteria", "Criteria sets and rule sets that may be used, by code and version", tag: tag,
            parameters: Operation.paging(of: "documents"), outcomes: [Operation.Outcome(200, .json(.page(of: .rules)), "A page of them.")]
        ) { call in
            let first = try call.place { Int($0) } ?? 0
            let rules = try await archive.rules()
            let page = rules.dropFirst(first).prefix(call.limit())
            let next = first + page.count
            return .page(page.map { .members(members($0)) }, next: next < rules.count ? "\(next)" : nil)
        }
    }

    private static let documentLimit = 20

    private static func importRules(_ archive: Archive) -> Operation {
        let imported = Schema.object([.required("rules", .rules), .required("new", .boolean, "It was not there before.")])
        return Operation(
            "criteria.import", .post, "/api/v1/criteria", "Imports criteria sets and rule sets, all or none", tag: tag, scope: .administer,
            body: .json(
                .object([
                    .required(
                        "documents",
                        .array(
                            .object([
                                .required("name", .line(max: 200), "What mistakes are told under."),
                                .required("text", .prose(max: 500_000), "In YAML."),
                            ]), max: documentLimit))
                ])),
            outcomes: [
                Operation.Outcome(200, .json(.object([.required("documents", .array(imported, max: documentLimit))])), "What was imported.")
            ], creates: true
        ) { call in
            let sources = try call.body.objects("documents").map { (name: try $0.text("name"), text: try $0.text("text")) }
            let imported = try await archive.importRules(sources, by: try call.actor)
            return .json(["documents": .array(imported.map { .object(["rules": .members(members($0)), "new": .bool($0.isNew)]) })])
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "criteria.get", .get, "/api/v1/criteria/{rules}", "A criteria set or rule set with every value and its source", tag: tag,
            parameters: [.path("rules", "CODE for the newest version, CODE@VERSION, or the digest.")],
            outcomes: [Operation.Outcome(200, .json(.rulesWithDocument), "What it says.")]
        ) { call in
            let reference = try call.text("rules")
            // They come by code and version.
            let found = try await archive.rules().last {
                $0.document.code == reference || "\($0.document.code)@\($0.document.version)" == reference || $0.digest.hex == reference
            }
            guard let found else { throw ArchiveError.notFound("criteria set or rule set", reference) }
            return .json(members(found).merging(["document": json(found.document.tree)]) { $1 })
        }
    }
}
