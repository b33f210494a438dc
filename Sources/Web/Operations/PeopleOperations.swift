internal import Custody
internal import Evidence
internal import Ledger

/// People: the register, and who saw what of them.
enum PeopleOperations {
    private static let tag = "people"
    private static let person = Operation.Parameter.path("person", "The person's id, or enough of the beginning of it.")

    static func all(_ archive: Archive) -> [Operation] { [list(archive), get(archive), register(archive), accesses(archive)] }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "people.list", .get, "/api/v1/people", "People in the order of registration or, with a name, by name", tag: tag,
            parameters: [.query("name", .line(max: 200), "Whose name begins so, in any spelling; the first of them, without a next page.")]
                + Operation.paging(of: "people"),
            outcomes: [Operation.Outcome(200, .json(.page(of: .person)), "A page of people.")]
        ) { call in
            let limit = call.limit()
            if let name = call.optionalText("name") {
                return .page(try await archive.people(named: name, limit: limit, by: try call.actor).map { .members(members($0)) }, next: nil)
            }
            let people = try await archive.people(after: try call.place { PersonID($0) }, limit: limit, by: try call.actor)
            return .page(people.map { .members(members($0)) }, next: people.count == limit ? people.last?.id.text : nil)
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "people.get", .get, "/api/v1/people/{person}", "A person with their dossiers and titles", tag: tag, parameters: [person],
            outcomes: [Operation.Outcome(200, .json(.personWithLinks), "The person.")]
        ) { call in
            let account = try await archive.person(try call.text("person"), by: try call.actor)
            return .json(members(account).merging(links(account)) { $1 })
        }
    }

    /// Entries of one request.
    private static let entryLimit = 1000

    private static let entry = Schema.named(
        "PersonEntry",
        .object([
            .required("name", .line(max: 200)), .optional("birth_year", .integer(1900...2100)),
            .optional("group", .line(max: 100), "The subject group, by its code in criteria sets."),
            .optional("account", .account, "The person's own account."),
            .optional("unit", .reference, "Whose officers keep the registration; who is no administrator of all has to say it."),
            .optional("number", .line(max: 32), "The personal identification number, of twelve digits; it is never kept as it is."),
            .optional("person", .identifier(PersonID.prefix), "Who it is, where that is known: what is not said stays."),
        ]))

    private static func register(_ archive: Archive) -> Operation {
        let outcome = Schema.object([
            .required("outcome", .choice(["registered", "known", "changed", "refused"])), .optional("person", .identifier(PersonID.prefix)),
            .optional("reason", .words),
        ])
        return Operation(
            "people.register", .post, "/api/v1/people", "Registers people; entries that are refused do not keep the others out", tag: tag,
            body: .json(
                .object([
                    .required("entries", .array(entry, max: entryLimit)),
                    .optional("preview", .boolean, "Only say what would be done; a new person then has no id."),
                ])),
            outcomes: [
                Operation.Outcome(200, .json(.object([.required("outcomes", .array(outcome, max: entryLimit))])), "What became of each, in order.")
            ], creates: true
        ) { call in
            let entries = try call.body.objects("entries").enumerated().map { index, members in
                var number: PersonalNumber?
                if let text = members.optionalText("number") {
                    number = PersonalNumber(text)
                    if number == nil { throw Problem.field("/entries/\(index)/number", "is not twelve digits") }
                }
                return PersonEntry(
                    name: try members.text("name"), birthYear: members.integer("birth_year"), group: members.optionalText("group"),
                    account: members.optionalText("account"), unit: members.optionalText("unit"), number: number,
                    person: members.optionalText("person").flatMap { PersonID($0) })
            }
            let isPreview = call.body.flag("preview")
            let outcomes = try await archive.registerPeople(entries, applies: !isPreview, by: try call.actor)
            return .json(["outcomes": .array(outcomes.map { json($0, isPreview: isPreview) })])
        }
    }

    private static func json(_ outcome: PersonOutcome, isPreview: Bool) -> JSON {
        switch outcome {
        case .registered(let id): .members(["outcome": .string("registered"), "person": isPreview ? nil : .string(id.text)])
        case .known(let id): .members(["outcome": .string("known"), "person": .string(id.text)])
        case .changed(let id): .members(["outcome": .string("changed"), "person": .string(id.text)])
        case .refused(let reason): .members(["outcome": .string("refused"), "reason": .string(reason)])
        }
    }

    private static func accesses(_ archive: Archive) -> Operation {
        Operation(
            "access.list", .get, "/api/v1/access", "Who saw what of somebody or something, newest first", tag: tag,
            parameters: [
                .query(
                    "about", .reference,
                    "A person, a dossier or an item; oneself where none is given. Who inspects everything may name the archive or `account:` and an account."
                )
            ]
                + Operation.paging(of: "entries"),
            outcomes: [Operation.Outcome(200, .json(.page(of: .access)), "A page of the access log.")], refusals: [409]
        ) { call in
            let limit = call.limit()
            let entries = try await archive.accesses(
                about: call.optionalText("about"), before: try call.place { Int($0) }, limit: limit, by: try call.actor)
            return .page(entries.map { .members(members($0)) }, next: entries.count == limit ? entries.last.map { "\($0.number)" } : nil)
        }
    }
}
