internal import Custody
internal import Evidence
internal import Ledger

/// Units and what became of them.
enum UnitOperations {
    private static let tag = "units"

    static func all(_ archive: Archive) -> [Operation] { [list(archive), get(archive), declare(archive), succeed(archive)] }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "units.list", .get, "/api/v1/units", "What units were called, in the order of their ids", tag: tag,
            parameters: Operation.paging(of: "names"), outcomes: [Operation.Outcome(200, .json(.page(of: .unitName)), "A page of names.")]
        ) { call in
            let (limit, after) = (call.limit(), try call.place { UnitID($0) })
            var names = try await archive.units(after: after, limit: limit + 1)
            guard names.count > limit, let last = names.last?.unit else { return .page(names.map { .members(members($0)) }, next: nil) }
            // A page ends with a unit: the other names of the last one might be on the next page.
            if names.first?.unit == last {
                names = try await archive.unit(last.text).names
            } else {
                names.removeAll { $0.unit == last }
            }
            return .page(names.prefix(Page.limits.upperBound).map { .members(members($0)) }, next: names.last?.unit.text)
        }
    }

    private static let entryLimit = 1000

    private static func declare(_ archive: Archive) -> Operation {
        let entry = Schema.named(
            "UnitEntry",
            .object([
                .required("name", .line(max: 500)), .optional("code", .line(max: 50)), .required("kind", .choice(of: UnitKind.self)),
                .optional("parent", .reference, "Code or id of the unit above it; others of the same request may be it, by code."),
                .required("from", .date), .optional("until", .date), .optional("basis", .line(max: 2000)),
                .optional("unit", .reference, "Another name or code of this unit, instead of a new unit."),
            ]))
        let outcome = Schema.object([
            .required("outcome", .choice(["declared", "known", "refused"])), .optional("unit", .identifier(UnitID.prefix)),
            .optional("reason", .words),
        ])
        return Operation(
            "units.declare", .post, "/api/v1/units", "Declares units; entries that are refused do not keep the others out", tag: tag,
            scope: .administer,
            body: .json(
                .object([.required("entries", .array(entry, max: entryLimit)), .optional("preview", .boolean, "Only say what would be done.")])),
            outcomes: [
                Operation.Outcome(200, .json(.object([.required("outcomes", .array(outcome, max: entryLimit))])), "What became of each, in order.")
            ], creates: true
        ) { call in
            let entries = try call.body.objects("entries").enumerated().map { index, members in
                guard let kind: UnitKind = members.choice("kind"), let from = members.date("from") else {
                    throw Problem.field("/entries/\(index)/from", "is no date")
                }
                return UnitEntry(
                    name: try members.text("name"), code: members.optionalText("code"), kind: kind, parent: members.optionalText("parent"),
                    validFrom: from, validUntil: members.date("until"), legalBasis: members.optionalText("basis"), unit: members.optionalText("unit"))
            }
            let isPreview = call.body.flag("preview")
            let outcomes = try await archive.declareUnits(entries, applies: !isPreview, by: try call.actor)
            return .json([
                "outcomes": .array(
                    outcomes.map { outcome in
                        switch outcome {
                        case .declared(let id): .members(["outcome": .string("declared"), "unit": isPreview ? nil : .string(id.text)])
                        case .known(let id): .members(["outcome": .string("known"), "unit": .string(id.text)])
                        case .refused(let reason): .members(["outcome": .string("refused"), "reason": .string(reason)])
                        }
                    })
            ])
        }
    }

    private static func succeed(_ archive: Archive) -> Operation {
        let link = Schema.object([
            .required("from", .reference, "By id, or by the code of the day before."), .optional("to", .reference),
            .required("kind", .choice(of: SuccessionKind.self)), .required("whole", .boolean), .required("on", .date),
            .optional("basis", .line(max: 2000)),
        ])
        return Operation(
            "units.succeed", .post, "/api/v1/unit-successions", "Records what units became, all or none", tag: tag, scope: .administer,
            body: .json(.object([.required("links", .array(link, max: entryLimit))])),
            outcomes: [
                Operation.Outcome(200, .json(.object([.required("links", .array(.unitSuccession, max: entryLimit))])), "What was recorded.")
            ], creates: true
        ) { call in
            let links = try call.body.objects("links").enumerated().map { index, members in
                guard let kind: SuccessionKind = members.choice("kind"), let day = members.date("on") else {
                    throw Problem.field("/links/\(index)/on", "is no date")
                }
                return (
                    from: try members.text("from"), to: members.optionalText("to"), kind: kind, isWhole: members.flag("whole"), effectiveOn: day,
                    legalBasis: members.optionalText("basis")
                )
            }
            let recorded = try await archive.succeedUnits(links, by: try call.actor)
            return .json(["links": .array(recorded.map { .members(members($0)) })])
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "units.get", .get, "/api/v1/units/{unit}", "What a unit was called when, what it was before and what it became", tag: tag,
            parameters: [
                .path("unit", "Its code, its id, or enough of the beginning of the id."),
                .query("on", .date, "The day on which the code names it; today where none is given."),
            ],
            outcomes: [Operation.Outcome(200, .json(.unit), "The unit.")]
        ) { call in .json(members(try await archive.unit(try call.text("unit"), on: call.date("on")))) }
    }
}
