internal import Evidence

/// The bodies of records about rule documents, units and people.
extension RecordForm {
    static func json(_ rule: RuleImport) -> [String: JSON] {
        [
            "kind": .string(rule.kind.rawValue), "code": .string(rule.code), "version": .integer(Int64(rule.version)),
            "object": json(rule.object),
        ]
    }

    static func ruleImport(_ fields: inout Fields) throws(RecordFormError) -> RuleImport {
        RuleImport(
            kind: try fields.choice("kind"), code: try fields.string("code"), version: Int(try fields.integer("version")),
            object: try description(try fields.object("object")))
    }

    static func json(_ unit: UnitDeclaration) -> [String: JSON] {
        var members: [String: JSON] = [
            "unit": .string(unit.unit.text), "name": .string(unit.name), "kind": .string(unit.kind.rawValue),
            "valid_from": .string(unit.validFrom.description),
        ]
        members["code"] = unit.code.map(JSON.string)
        members["parent"] = unit.parent.map { .string($0.text) }
        members["valid_until"] = unit.validUntil.map { .string($0.description) }
        members["legal_basis"] = unit.legalBasis.map(JSON.string)
        return members
    }

    static func unitDeclaration(_ fields: inout Fields) throws(RecordFormError) -> UnitDeclaration {
        UnitDeclaration(
            unit: try fields.id("unit"), name: try fields.string("name"), code: try fields.optionalString("code"),
            kind: try fields.choice("kind"), parent: try fields.optionalID("parent"), validFrom: try fields.day("valid_from"),
            validUntil: try fields.optionalDay("valid_until"), legalBasis: try fields.optionalString("legal_basis"))
    }

    static func json(_ succession: UnitSuccession) -> [String: JSON] {
        var members: [String: JSON] = [
            "from": .string(succession.from.text), "kind": .string(succession.kind.rawValue), "whole": .bool(succession.isWhole),
            "effective_on": .string(succession.effectiveOn.description),
        ]
        members["to"] = succession.to.map { .string($0.text) }
        members["legal_basis"] = succession.legalBasis.map(JSON.string)
        return members
    }

    static func unitSuccession(_ fields: inout Fields) throws(RecordFormError) -> UnitSuccession {
        UnitSuccession(
            from: try fields.id("from"), to: try fields.optionalID("to"), kind: try fields.choice("kind"),
            isWhole: try fields.flag("whole"), effectiveOn: try fields.day("effective_on"),
            legalBasis: try fields.optionalString("legal_basis"))
    }

    static func json(_ person: PersonDeclaration) -> [String: JSON] {
        var members: [String: JSON] = ["person": .string(person.person.text), "name": .string(person.name)]
        members["birth_year"] = person.birthYear.map { .integer(Int64($0)) }
        members["group"] = person.group.map(JSON.string)
        members["account"] = person.account.map(JSON.string)
        members["unit"] = person.unit.map { .string($0.text) }
        members["number"] = person.number.map { .object(["mac": .string($0.mac.hex), "ending": .string($0.ending)]) }
        return members
    }

    static func personDeclaration(_ fields: inout Fields) throws(RecordFormError) -> PersonDeclaration {
        var number: PersonalNumberTrace?
        if var found = try fields.optionalObject("number") {
            number = PersonalNumberTrace(mac: try found.digest("mac"), ending: try found.string("ending"))
            try found.finish()
        }
        return PersonDeclaration(
            person: try fields.id("person"), name: try fields.string("name"),
            birthYear: try fields.optionalInteger("birth_year").map(Int.init), group: try fields.optionalString("group"),
            account: try fields.optionalString("account"), unit: try fields.optionalID("unit"), number: number)
    }
}
