internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

// Dossiers, citations and scores, asked of a server.

extension OpenDossier: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let dossier = try server.json(
            .post(
                "dossiers",
                body: [
                    "person": .string(person), "cycle": .number(cycle), "unit": .string(unit), "rules": .string(rules),
                    "criteria": .string(criteria), "group": group.map(JSON.string), "role": .string(try role.chosen().rawValue),
                ], creates: true))
        server.tell(
            dossier,
            "opened \(dossier["dossier"].text ?? "") of \(dossier["person"].text ?? "") for \(cycle) in \(dossier["unit"].text ?? unit)")
    }
}

extension StepDossier: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let (act, role) = (try choice(act, "act", DossierAct.self), try role.chosen())
        let held = try review().map {
            JSON.object([
                "held_on": .string($0.heldOn.description), "participants": .array($0.participants.map(JSON.string)),
                "votes_for": .number($0.votesFor), "votes_against": .number($0.votesAgainst), "minutes": .string($0.minutes),
            ])
        }
        let moved = try server.json(
            .post(
                "steps",
                body: [
                    "dossiers": .array(dossiers.map(JSON.string)), "act": .string(act.rawValue), "role": .string(role.rawValue),
                    "reason": try reason.map { .string(try recordable($0, "reason")) }, "review": held,
                ], creates: true))
        for dossier in moved["dossiers"].elements {
            server.tell(dossier, "\(dossier["dossier"].text ?? "") is \(dossier["stage"].text ?? "")")
        }
    }
}

extension ShowDossier: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("dossiers", dossier))) }
}

extension ListDossiers: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let stage = try stage.map { try choice($0, "stage", DossierStage.self) }
        let dossiers = try server.entries(
            .get(
                "dossiers",
                query: [("cycle", "\(cycle)"), ("unit", unit), ("stage", stage?.rawValue), ("cursor", after.map(Page.cursor(for:)))]), limit: limit)
        if options.json {
            for dossier in dossiers { printLine(dossier.canonicalText) }
            return
        }
        printColumns(
            dossiers.map { dossier in
                ["dossier", "stage", "person", "unit", "group", "person_name"].map { dossier[$0].text ?? "" }
            })
        server.more("--after", dossiers, limit: limit) { $0["dossier"].text }
    }
}

extension CheckDossier: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let kind = try by.map { try choice($0, "by", ScoreKind.self) }
        server.show(try server.json(.get("dossiers", dossier, "verdict", query: [("by", kind?.rawValue)])))
    }
}

extension Matrix: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("dossiers", dossier, "matrix"))) }
}

extension History: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        server.show(
            try server.json(.get("dossiers", dossier, "history", query: [("as_of", asOf.map(String.init)), ("since", since.map(String.init))])))
    }
}

extension Cite: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let (code, role) = (try indicatorCode(indicator), try role.chosen())
        let (pages, region) = (try pages.map(Self.pages) ?? [], try region.map(Self.region))
        let citation = try server.json(
            .post(
                "dossiers", dossier, "citations",
                body: [
                    "indicator": .string(code.text), "item": .string(item), "pages": pages.isEmpty ? nil : .array(pages.map(JSON.number)),
                    "region": region.map {
                        .object(["x": .number($0.x), "y": .number($0.y), "width": .number($0.width), "height": .number($0.height)])
                    },
                    "note": try note.map { .string(try recordable($0, "note")) }, "reaffirm": reaffirm ? .bool(true) : nil,
                    "role": .string(role.rawValue),
                ], creates: true))
        server.tell(
            citation,
            "\(citation["citation"].text ?? ""): \(code) of \(citation["dossier"].text ?? dossier) cites \(citation["item"].text ?? item)")
    }
}

extension Uncite: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let withdrawn = try server.json(
            .post(
                "citations", citation, "withdrawal",
                body: ["reason": .string(try recordable(reason, "reason")), "role": .string(try role.chosen().rawValue)]))
        server.tell(.object(["citation": withdrawn["citation"], "withdrawn": .bool(true)]), "took back \(withdrawn["citation"].text ?? citation)")
    }
}

extension GiveScores: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let (kind, role, sheet) = (try choice(kind, "kind", ScoreKind.self), try role.chosen(), try Self.sheet(scores))
        let entries = sheet.map { code, score in
            (code.text, JSON.members(["points": .string("\(score.points)"), "partial": score.isPartial ? .bool(true) : nil]))
        }
        let scored = try server.json(
            .post(
                "dossiers", dossier, "scores",
                body: [
                    "kind": .string(kind.rawValue), "scores": .object(Dictionary(uniqueKeysWithValues: entries)),
                    "reason": try reason.map { .string(try recordable($0, "reason")) }, "role": .string(role.rawValue),
                ]))
        let sum = sheet.values.reduce(Points.zero) { $0 + $1.points }
        server.tell(scored, "gave \(scored["dossier"].text ?? dossier) \(sheet.count) \(kind.rawValue) scores, \(sum) points")
    }
}
