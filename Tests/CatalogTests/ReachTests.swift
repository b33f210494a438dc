import Catalog
import Evidence
import Foundation
import Ledger
import Testing

/// Who sees what: the conditions of every query, held against a model that has no SQL.
@Suite("Reach")
struct ReachTests {
    /// A random register: units, people, dossiers and items that hang together in every way that records allow.
    private struct World {
        var generator: SeededGenerator
        let units: [UnitID]
        var people: [PersonID: UnitID?] = [:]
        var dossiers: [(id: DossierID, person: PersonID, unit: UnitID)] = []
        struct Item {
            let id: EvidenceID
            let depositor: String
            var person: PersonID?
            /// Dossiers that cite it, and those that it is the minutes of.
            var cited: [DossierID] = []
            var papers: [DossierID] = []
        }
        var items: [Item] = []
        let accounts = ["a-1", "a-2", "a-3"]

        init() {
            generator = SeededGenerator()
            units = (0..<6).map { _ in UnitID.random() }
        }

        mutating func tell(_ catalog: Catalog) throws {
            let day = try #require(CalendarDate(year: 2025, month: 1, day: 1))
            let indicator = try #require(IndicatorCode("A1"))
            for (index, unit) in units.enumerated() {
                let declaration = UnitDeclaration(
                    unit: unit, name: "Xã \(index)", code: nil, kind: .commune, parent: nil, validFrom: day, validUntil: nil, legalBasis: nil)
                try append(.unitDeclared(declaration), [unit.text], catalog)
            }
            for number in 0..<12 {
                let person = PersonID.random()
                let unit = Bool.random(using: &generator) ? units.randomElement(using: &generator) : nil
                people[person] = .some(unit)
                let declared = PersonDeclaration(person: person, name: "Người \(number)", birthYear: 1980, group: nil, unit: unit, number: nil)
                try append(.personDeclared(declared), [person.text], catalog)
            }
            let everybody = people.keys.sorted { $0.text < $1.text }
            for cycle in 0..<14 {
                guard let person = everybody.randomElement(using: &generator), let unit = units.randomElement(using: &generator) else { continue }
                let opening = DossierOpening(
                    dossier: .random(), person: person, cycle: 2021 + cycle, unit: unit, group: "farmer", criteria: Digest(of: "c".utf8),
                    rules: Digest(of: "r".utf8), role: .citizen)
                dossiers.append((opening.dossier, person, unit))
                try append(.dossierOpened(opening), [opening.dossier.text, person.text, unit.text], catalog)
            }
            for number in 0..<40 {
                let object = Digest(of: "object \(number)".utf8)
                var item = Item(
                    id: .random(), depositor: accounts[number % 3],
                    person: number % 4 == 0 ? nil : everybody.randomElement(using: &generator))
                let deposit = Deposit(
                    item: item.id, object: ObjectDescription(digest: object, size: 1, pieceListDigest: object),
                    metadata: EvidenceMetadata(title: "chung", kind: .certificate, issuedOn: day, person: item.person))
                try append(.evidenceDeposited(deposit), [item.id.text], catalog, by: Actor(account: item.depositor))
                if Int.random(in: 0..<2, using: &generator) == 0, let dossier = dossiers.randomElement(using: &generator) {
                    let citation = Citation(
                        id: .random(), dossier: dossier.id, indicator: indicator, evidence: EvidenceReference(item: item.id, object: object),
                        pages: [], region: nil, text: nil, note: nil, reaffirms: nil, role: .citizen)
                    try append(.evidenceCited(citation), [dossier.id.text, dossier.person.text, item.id.text], catalog)
                    item.cited.append(dossier.id)
                }
                if Int.random(in: 0..<5, using: &generator) == 0, let dossier = dossiers.randomElement(using: &generator) {
                    let review = CollectiveReview(
                        heldOn: day, participants: ["A"], votesFor: 1, votesAgainst: 0,
                        minutes: EvidenceReference(item: item.id, object: object))
                    let step = DossierStep(
                        dossier: dossier.id, act: .review, from: .submitted, to: .reviewed, role: .reviewer, reason: nil, review: review)
                    try append(.dossierStepped(step), [dossier.id.text, dossier.person.text, item.id.text], catalog)
                    item.papers.append(dossier.id)
                }
                items.append(item)
            }
        }

        private func append(
            _ body: RecordBody, _ subjects: [String], _ catalog: Catalog, by actor: Actor = operatorAtConsole
        ) throws {
            try catalog.append([Catalog.Draft(body, subjects: subjects)], by: actor, at: moment(0))
        }

        /// What the words of the rule say, one item at a time.
        func sees(_ item: Item, account: String, people own: Set<PersonID>, units mine: Set<UnitID>) -> Bool {
            let dossier = Dictionary(uniqueKeysWithValues: dossiers.map { ($0.id, $0) })
            if let person = item.person {
                if own.contains(person) { return true }
                if let home = people[person] ?? nil, mine.contains(home) { return true }
            } else {
                if item.depositor == account { return true }
                if item.cited.contains(where: { dossier[$0].map { own.contains($0.person) } ?? false }) { return true }
            }
            return (item.cited + item.papers).contains { dossier[$0].map { mine.contains($0.unit) } ?? false }
        }

        func sees(_ person: PersonID, people own: Set<PersonID>, units mine: Set<UnitID>) -> Bool {
            own.contains(person) || (people[person] ?? nil).map(mine.contains) ?? false
                || dossiers.contains { $0.person == person && mine.contains($0.unit) }
        }
    }

    @Test func `every query shows what the rule lets a reader see, and nothing else`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        var world = World()
        print("seed \(world.generator.seed)")
        try world.tell(catalog)
        let index = try SearchIndex(in: folder.path)
        try index.follow(catalog, text: { _ in nil })
        let day = try #require(CalendarDate(year: 2025, month: 1, day: 1))
        var shown = 0
        for round in 0..<60 {
            let account = world.accounts[round % 3]
            let own = Set(world.people.keys.filter { _ in Int.random(in: 0..<8, using: &world.generator) == 0 })
            let mine = Set(world.units.filter { _ in Int.random(in: 0..<4, using: &world.generator) == 0 })
            let reach = Reach(account: account, people: Array(own), units: mine)
            let expected = Set(world.items.filter { world.sees($0, account: account, people: own, units: mine) }.map(\.id))
            shown += expected.count
            let seed: Comment = "seed \(world.generator.seed), round \(round)"
            #expect(Set(try catalog.items(before: nil, within: reach, limit: 100).map(\.id)) == expected, seed)
            #expect(Set(try catalog.items(idPrefix: "ev-", within: reach, limit: 100).map(\.id)) == expected, seed)
            #expect(Set(try world.items.filter { try catalog.item($0.id, within: reach) != nil }.map(\.id)) == expected, seed)
            #expect(Set(try catalog.items(.submitted, after: 0, within: reach, limit: 100).map(\.id)) == expected, seed)
            #expect(Set(try catalog.items(issued: day...day, within: reach, limit: 100).map(\.id)) == expected, seed)
            #expect(Set(try catalog.items(uploaded: moment(0).date...moment(0).date, within: reach, limit: 100).map(\.id)) == expected, seed)
            let found = try #require(try index.search("chung", within: reach, limit: 100))
            #expect(Set(found.hits.map(\.item)) == expected && found.count == expected.count, seed)
            // A count that is asked for by itself.
            #expect(try index.search("chung", within: reach, limit: 1)?.count == expected.count, seed)
            #expect(try index.items(ItemFilter(kind: .certificate), before: nil, within: reach, limit: 100).count == expected.count, seed)
            let people = Set(world.people.keys.filter { world.sees($0, people: own, units: mine) })
            #expect(Set(try catalog.people(after: 0, within: reach, limit: 100).map(\.id)) == people, seed)
            #expect(Set(try catalog.people(nameBeginning: "nguoi", within: reach, limit: 100).map(\.id)) == people, seed)
            #expect(Set(try catalog.ids(PersonID.self, prefix: "pe-", within: reach, limit: 100)) == people, seed)
            let dossiers = Set(world.dossiers.filter { mine.contains($0.unit) || own.contains($0.person) }.map(\.id))
            #expect(Set(try catalog.ids(DossierID.self, prefix: "do-", within: reach, limit: 100)) == dossiers, seed)
            let listed = try (2021..<2035).flatMap { try catalog.dossiers(cycle: $0, within: reach, limit: 100).map(\.id) }
            #expect(Set(listed) == dossiers && listed.count == dossiers.count, seed)
            for person in world.people.keys {
                let theirs = Set(world.items.filter { $0.person == person && expected.contains($0.id) }.map(\.id))
                #expect(Set(try catalog.items(of: person, within: reach).map(\.id)) == theirs, seed)
            }
        }
        #expect(shown > 100, "the world hardly shows anything")
        try index.close()
        try catalog.close()
    }

    @Test(
        "a reader's list walks no table: it costs what they may see", .enabled(if: hasSQLite, sqliteAbsence))
    func plans() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        var world = World()
        try world.tell(catalog)
        let reach = Reach(account: "a-1", people: [try #require(world.people.keys.first)], units: [world.units[0]])
        let day = try #require(CalendarDate(year: 2025, month: 1, day: 1))
        let statements = try catalog.statementsRead {
            _ = try catalog.items(before: nil, within: reach, limit: 5)
            _ = try catalog.items(idPrefix: "ev-", within: reach, limit: 5)
            _ = try catalog.item(world.items[0].id, within: reach)
            _ = try catalog.items(.submitted, after: 0, within: reach, limit: 5)
            _ = try catalog.items(issued: day...day, within: reach, limit: 5)
            _ = try catalog.items(validUntil: day...day, within: reach, limit: 5)
            _ = try catalog.items(uploaded: day...day, within: reach, limit: 5)
            _ = try catalog.items(of: world.people.keys.sorted { $0.text < $1.text }[0], within: reach)
            _ = try catalog.people(after: 0, within: reach, limit: 5)
            _ = try catalog.people(nameBeginning: "nguoi", within: reach, limit: 5)
            _ = try catalog.dossiers(cycle: 2025, within: reach, limit: 5)
            _ = try catalog.ids(PersonID.self, prefix: "pe-", within: reach, limit: 5)
            _ = try catalog.ids(DossierID.self, prefix: "do-", within: reach, limit: 5)
            _ = try catalog.ids(CitationID.self, prefix: "ci-", within: reach, limit: 5)
            _ = try catalog.ids(DecisionID.self, prefix: "de-", within: reach, limit: 5)
            _ = try catalog.ids(TitleID.self, prefix: "ti-", within: reach, limit: 5)
            _ = try catalog.units(under: world.units[0], on: day)
            _ = try catalog.account("a-1")
            _ = try catalog.accounts(after: "", limit: 5)
            _ = try catalog.grants(to: "a-1")
            _ = try catalog.grant(GrantID(unchecked: "gr-0000000000000001"))
        }
        try catalog.close()
        #expect(statements.count >= 20)
        for statement in statements {
            let plan = try folder.sqlite("archive.sqlite", "EXPLAIN QUERY PLAN \(statement);")
            for line in plan.split(separator: "\n") where line.contains("SCAN") {
                // The lists that the reader brings, and the units that were found.
                let isOwn = ["SCAN json_each", "SCAN below", "SCAN CONSTANT ROW"].contains { line.contains($0) }
                #expect(isOwn, "\(statement)\n\(plan)")
            }
        }
    }

    @Test func `a unit has below it what says so last, and what went into it whole`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        func day(_ year: Int) throws -> CalendarDate { try #require(CalendarDate(year: year, month: 1, day: 1)) }
        let (province, commune, other, hamlet, former, part) = (
            UnitID.random(), UnitID.random(), UnitID.random(), UnitID.random(), UnitID.random(), UnitID.random()
        )
        func declare(_ unit: UnitID, under parent: UnitID?, from year: Int) throws {
            let declaration = UnitDeclaration(
                unit: unit, name: "X", code: nil, kind: .commune, parent: parent, validFrom: try day(year), validUntil: nil, legalBasis: nil)
            try catalog.append([Catalog.Draft(.unitDeclared(declaration), subjects: [unit.text])], by: operatorAtConsole, at: moment(0))
        }
        func succeed(_ from: UnitID, _ to: UnitID, isWhole: Bool) throws {
            let link = UnitSuccession(from: from, to: to, kind: .merge, isWhole: isWhole, effectiveOn: try day(2025), legalBasis: nil)
            try catalog.append([Catalog.Draft(.unitSucceeded(link), subjects: [from.text])], by: operatorAtConsole, at: moment(0))
        }
        try declare(province, under: nil, from: 2021)
        try declare(commune, under: province, from: 2021)
        try declare(other, under: province, from: 2021)
        try declare(hamlet, under: commune, from: 2021)
        try declare(hamlet, under: other, from: 2024)
        try declare(former, under: nil, from: 2021)
        try declare(part, under: nil, from: 2021)
        try succeed(former, commune, isWhole: true)
        try succeed(part, commune, isWhole: false)
        #expect(try catalog.units(under: province, on: day(2023)) == [province, commune, other, hamlet])
        #expect(try catalog.units(under: commune, on: day(2023)) == [commune, hamlet])
        #expect(try catalog.units(under: commune, on: day(2024)) == [commune])
        #expect(try catalog.units(under: other, on: day(2024)) == [other, hamlet])
        #expect(try catalog.units(under: commune, on: day(2025)) == [commune, former])
        #expect(try catalog.units(under: province, on: day(2020)) == [province])
        try catalog.close()
    }
}
