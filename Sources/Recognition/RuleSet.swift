public import Evidence

/// How scores are given and what they lead to: all that authorities set differently, as data.
public struct RuleSet: Sendable, Equatable {
    public let code: String
    public let version: Int
    public let title: String
    /// Whether a value is provisional.
    public let isProvisional: Bool
    public let effectiveFrom: CalendarDate?
    public let effectiveUntil: CalendarDate?
    /// The fewest points that an indicator may be given.
    public let scaleMinimum: Ruled<Points>
    /// The most; an indicator may have a lower maximum of its own.
    public let scaleMaximum: Ruled<Points>
    /// The most that all indicators can come to, where the source says so.
    public let totalMaximum: Ruled<Points>?
    /// The total from which on the title is given.
    public let threshold: Ruled<Points>
    /// The points below which no indicator may be.
    public let floor: Ruled<Points>
    public let allowsHalves: Ruled<Bool>
    public let needsEvidence: Ruled<EvidenceRule>
    /// The fewest points of an indicator that is carried out, but not in full; `nil` where there is no such rule.
    public let partialFloor: Ruled<Points>?
    /// The lowest first; empty where dossiers are not graded.
    public let grades: [Grade]
    public let honour: Ruled<Honour>?
    /// The steps between submission and decision; the last is `recognise`.
    public let track: Ruled<[TrackStep]>
    /// Who recognises, in words.
    public let authority: Ruled<String>
    /// Everything that the document says.
    public let tree: RuleTree
}

/// For which indicators points need evidence.
public enum EvidenceRule: String, Sendable, CaseIterable {
    case none
    /// For those that can be measured.
    case quantifiable
}

/// A grade (xếp loại), from a total on.
public struct Grade: Sendable, Equatable {
    public let name: String
    public let from: Points
    public let provenance: Provenance
}

/// What somebody is called who held the title so many years running.
public struct Honour: Sendable, Equatable {
    public let years: Int
    public let name: String
}

// MARK: Reading

extension RuleSet {
    /// `nil` when the reader noted a mistake.
    init?(_ fields: RuleFields, _ head: RuleHead, tree: RuleTree) {
        let reader = fields.reader
        func points(_ node: RuleNode, _ name: String) -> Ruled<Points>? { reader.ruled(node, name, head, reader.points) }
        let minimum = fields.required("scale_minimum", points)
        let maximum = fields.required("scale_maximum", points)
        let total = fields.optional("total_maximum", points)
        let threshold = fields.required("threshold", points)
        let floor = fields.required("floor", points)
        let halves = fields.required("half_points") { reader.ruled($0, $1, head, reader.flag) }
        let evidence = fields.required("evidence") { node, name in
            reader.ruled(node, name, head) { reader.choice($0, $1, of: EvidenceRule.allCases) }
        }
        let partial = fields.optional("partial_floor", points)
        let grades = fields.optional("grades") { Self.grades($0, $1, reader, head) } ?? []
        let honour = fields.optional("honour") { reader.ruled($0, $1, head, reader.honour) }
        let track = fields.required("track") { reader.ruled($0, $1, head, reader.track) }
        let authority = fields.required("authority") { reader.ruled($0, $1, head, reader.text) }

        func noteAbove(_ key: String, _ value: Points?, _ limit: Points?, _ what: String) {
            guard let value, let limit, value > limit else { return }
            reader.note(fields.line(of: key), "\"\(key)\" is \(value), above \(what), \(limit)")
        }
        let most = maximum?.value
        noteAbove("scale_minimum", minimum?.value, most, "\"scale_maximum\"")
        noteAbove("scale_maximum", most, total?.value, "\"total_maximum\"")
        noteAbove("floor", floor?.value, most, "what an indicator can have")
        noteAbove("partial_floor", partial?.value, most, "what an indicator can have")
        noteAbove("threshold", threshold?.value, total?.value, "what a dossier can have")
        noteAbove("grades", grades.last?.from, total?.value, "what a dossier can have")
        if most == .zero { reader.note(fields.line(of: "scale_maximum"), "\"scale_maximum\" must be more than 0") }

        guard let code = head.code, let version = head.version, let title = head.title, let minimum, let maximum, let threshold, let floor,
            let halves, let evidence, let track, let authority, reader.mistakes.isEmpty
        else { return nil }
        let provenances =
            [
                minimum.provenance, maximum.provenance, threshold.provenance, floor.provenance, halves.provenance, evidence.provenance,
                track.provenance, authority.provenance,
            ] + [total?.provenance, partial?.provenance, honour?.provenance].compactMap { $0 } + grades.map(\.provenance)
        self.init(
            code: code, version: version, title: title, isProvisional: provenances.contains(where: \.isProvisional),
            effectiveFrom: head.period.from, effectiveUntil: head.period.until, scaleMinimum: minimum, scaleMaximum: maximum,
            totalMaximum: total, threshold: threshold, floor: floor, allowsHalves: halves, needsEvidence: evidence, partialFloor: partial,
            grades: grades, honour: honour, track: track, authority: authority, tree: tree)
    }

    private static func grades(_ node: RuleNode, _ name: String, _ reader: RuleReader, _ head: RuleHead) -> [Grade]? {
        var previous: Grade?
        return reader.list(node, name) { node in
            let grade = reader.fields(node, "a grade") { fields -> Grade? in
                let name = fields.required("name", reader.text)
                let from = fields.required("from", reader.points)
                let provenance = reader.provenance(fields, head)
                guard let name, let from, let provenance else { return nil }
                return Grade(name: name, from: from, provenance: provenance)
            }
            if let grade, let previous, grade.from <= previous.from {
                reader.note(
                    node.line, "the grade \"\(grade.name)\" from \(grade.from) stands after one from \(previous.from); write the lowest first")
            }
            previous = grade ?? previous
            return grade
        }
    }
}

extension RuleReader {
    /// What may stand between submission and decision, in this order.
    private static let trackActs: [DossierAct] = [.review, .appraise, .confirm, .propose, .recognise]
    private static let trackRoles: [Role] = [.reviewer, .appraiser, .confirmer, .authority]

    fileprivate func honour(_ node: RuleNode, _ name: String) -> Honour? {
        fields(node, "\"\(name)\"") { fields in
            let years = fields.required("years") { integer($0, $1, in: 2...50) }
            let name = fields.required("name", text)
            guard let years, let name else { return nil }
            return Honour(years: years, name: name)
        }
    }

    fileprivate func track(_ node: RuleNode, _ name: String) -> [TrackStep]? {
        var last = -1
        let steps = list(node, name) { node -> TrackStep? in
            let step = fields(node, "a step of the track") { fields -> TrackStep? in
                let act = fields.required("act") { choice($0, $1, of: Self.trackActs) }
                let role = fields.required("role") { choice($0, $1, of: Self.trackRoles) }
                guard let act, let role else { return nil }
                return TrackStep(act: act, role: role)
            }
            guard let step, let place = Self.trackActs.firstIndex(of: step.act) else { return nil }
            if place <= last {
                let order = Self.trackActs.map(\.rawValue).joined(separator: ", ")
                note(node.line, "\"\(step.act.rawValue)\" stands after \"\(Self.trackActs[last].rawValue)\"; the order is \(order), each once")
            }
            last = max(last, place)
            return step
        }
        // Of a list with mistakes nothing is known of its ends.
        guard let steps, case .list(let nodes) = node.content, steps.count == nodes.count else { return nil }
        if steps.first?.act != .review { note(node.line, "\"\(name)\" must begin with \"review\"") }
        if steps.last?.act != .recognise { note(node.line, "\"\(name)\" must end with \"recognise\"") }
        return steps
    }
}
