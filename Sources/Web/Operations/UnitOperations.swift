internal import Custody
internal import Evidence
internal import Ledger

/// Units and what became of them.
enum UnitOperations {
    private static let tag = "units"

    static func all(_ archive: Archive) -> [Operation] { [list(archive), get(archive)] }

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
