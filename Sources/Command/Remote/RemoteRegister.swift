internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

// People, units and rules, asked of a server.

/// Entries that one request may have.
private let entryLimit = 1000

extension RemoteArchive {
    /// Hands in entries, and returns what became of each, in order.
    fileprivate func outcomes(_ path: String, _ entries: [JSON], isPreview: Bool) throws -> [JSON] {
        let progress = Progress(isQuiet: options.quiet)
        defer { progress.clear() }
        var outcomes: [JSON] = []
        while outcomes.count < entries.count {
            let part = entries[outcomes.count...].prefix(entryLimit)
            let answer: JSON
            do {
                answer = try json(.post(path, body: ["entries": .array(Array(part)), "preview": isPreview ? .bool(true) : nil], creates: true))
            } catch  where !outcomes.isEmpty {
                // What the earlier requests recorded stays, and the same table again doubles nothing.
                throw Failure("\(error); the first \(outcomes.count) of \(entries.count) rows are dealt with; give the same again to go on")
            }
            guard answer["outcomes"].elements.count == part.count else {
                throw Failure("cannot read what the server \(url) answers: outcomes are wanting; look what was recorded")
            }
            outcomes += answer["outcomes"].elements
            progress.show("handed in", Int64(outcomes.count), of: Int64(entries.count))
        }
        return outcomes
    }
}

private func json(_ entry: PersonEntry) -> JSON {
    .members([
        "name": .string(entry.name), "birth_year": entry.birthYear.map(JSON.number), "group": entry.group.map(JSON.string),
        "account": entry.account.map(JSON.string), "unit": entry.unit.map(JSON.string), "number": entry.number.map { .string($0.forRegistration) },
        "person": .text(entry.person),
    ])
}

extension AddPerson: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let entry = try entry()
        try tell(entry, try server.outcomes("people", [json(entry)], isPreview: false).map { PersonOutcomeWords($0) })
    }
}

extension ImportPeople: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let rows = try rows()
        guard apply || rows.count <= entryLimit else {
            throw Failure("cannot preview \(rows.count) rows at a server, at most \(entryLimit): who is in two of them would not be noticed")
        }
        try tell(rows, try server.outcomes("people", rows.map { json($0.value) }, isPreview: !apply).map { PersonOutcomeWords($0) })
    }
}

extension ShowPerson: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("people", person))) }
}

extension RemoteArchive {
    fileprivate func list(person: JSON) {
        list(
            person,
            "\(person["person"].text ?? "")  \(person["birth_year"].number.map(String.init) ?? "----")  \((person["group"].text ?? "").padded(to: 12))"
                + "  \((person["number_ending"].text.map { "…\($0)" } ?? "").padded(to: 4))  \(person["name"].text ?? "")")
    }
}

extension FindPeople: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard limit <= RemoteArchive.pageLimit else {
            throw Failure("a server finds at most \(RemoteArchive.pageLimit) people; give more of the name")
        }
        let name = try recordable(name.joined(separator: " "), "name")
        let people = try server.json(.get("people", query: [("name", name), ("limit", "\(limit)")]))["items"].elements
        people.forEach(server.list(person:))
        if options.json || options.quiet { return }
        printLine(people.count == limit ? "\(limit) or more people found" : people.count == 1 ? "1 person found" : "\(people.count) people found")
    }
}

extension ListPeople: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let people = try server.entries(.get("people", query: [("cursor", after.map(Page.cursor(for:)))]), limit: limit)
        people.forEach(server.list(person:))
        server.more("--after", people, limit: limit) { $0["person"].text }
    }
}

private func json(_ entry: UnitEntry) -> JSON {
    .members([
        "name": .string(entry.name), "code": entry.code.map(JSON.string), "kind": .string(entry.kind.rawValue),
        "parent": entry.parent.map(JSON.string), "from": .string(entry.validFrom.description), "until": .text(entry.validUntil),
        "basis": entry.legalBasis.map(JSON.string), "unit": entry.unit.map(JSON.string),
    ])
}

extension AddUnit: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let entry = try entry()
        try tell(entry, try server.outcomes("units", [json(entry)], isPreview: false).map { UnitOutcomeWords($0) })
    }
}

extension ImportUnits: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let rows = try rows()
        guard apply || rows.count <= entryLimit else {
            throw Failure("cannot preview \(rows.count) rows at a server, at most \(entryLimit): a parent in a row above would not be known yet")
        }
        try tell(rows, try server.outcomes("units", rows.map { json($0.value) }, isPreview: !apply).map { UnitOutcomeWords($0) })
    }
}

extension SucceedUnits: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let links = try links()
        let entries = links.map { link in
            JSON.members([
                "from": .string(link.from), "to": link.to.map(JSON.string), "kind": .string(link.kind.rawValue), "whole": .bool(link.isWhole),
                "on": .string(link.effectiveOn.description), "basis": link.legalBasis.map(JSON.string),
            ])
        }
        let recorded = try server.json(.post("unit-successions", body: ["links": .array(entries)], creates: true))["links"].elements
        for link in recorded {
            if options.json, case .object(let members) = link {
                printJSON(members.merging(["event": .string("recorded")]) { $1 })
            } else if !options.quiet {
                printLine(visible("recorded  \(link["from"].text ?? "") → \(link["to"].text ?? "nothing")  \(link["kind"].text ?? "")"))
            }
        }
        server.tell(
            .object(["event": .string("done"), "recorded": .number(recorded.count), "known": .number(links.count - recorded.count)]),
            "\(recorded.count) recorded, \(links.count - recorded.count) known")
    }
}

extension ShowUnit: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let day = try on.map { try date($0, "on") }
        server.show(try server.json(.get("units", unit, query: [("on", day?.description)])))
    }
}

extension ListUnits: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let names = try server.entries(.get("units", query: [("cursor", after.map(Page.cursor(for:)))]), limit: limit)
        for name in names {
            let words = "\(name["code"].text ?? "no code")  \(name["name"].text ?? "") (\(name["kind"].text ?? "")), from \(name["from"].text ?? "")"
            let until = name["until"].text.map { " until \($0)" } ?? ""
            server.list(name, "\(name["unit"].text ?? "")  \(words)\(until)\(name["parent"].text.map { ", below \($0)" } ?? "")")
        }
        server.more("--after", names, limit: limit) { $0["unit"].text }
    }
}

private func headline(_ rules: JSON) -> String {
    let code = "\(rules["code"].text ?? "")@\(rules["version"].number ?? 0)"
    return "\((rules["kind"].text ?? "").padded(to: 12)) \(code.padded(to: 20)) \(rules["provisional"].isTrue ? "provisional" : "quoted     ")"
}

extension ImportRules: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let documents = try documents()
        let imported = try server.json(
            .post(
                "criteria", body: ["documents": .array(documents.map { .object(["name": .string($0.file), "text": .string($0.text)]) })],
                creates: true))
        for entry in imported["documents"].elements {
            let rules = entry["rules"]
            guard case .object(let members) = rules else { continue }
            server.tell(
                .object(members.merging(["event": .string("imported"), "new": entry["new"]]) { $1 }),
                "\(entry["new"].isTrue ? "imported     " : "already there")  \(headline(rules))  \(rules["digest"].text ?? "")")
        }
    }
}

extension ListRules: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        for rules in try server.entries(.get("criteria"), limit: .max) {
            server.list(rules, "\(headline(rules))  \(rules["title"].text ?? "")")
        }
    }
}

extension ShowRules: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("criteria", rules))) }
}
