public import Evidence

/// What is judged: the scores of a dossier, and which indicators have evidence.
public struct Assessment: Sendable, Equatable {
    public var scores: [IndicatorCode: Score]
    /// Indicators with at least one citation of evidence that counts.
    public var evidenced: Set<IndicatorCode>

    public init(scores: [IndicatorCode: Score], evidenced: Set<IndicatorCode>) {
        self.scores = scores
        self.evidenced = evidenced
    }
}

extension PersonDecision {
    /// What was judged: the final scores, and which indicators had evidence that counted.
    public var assessment: Assessment {
        Assessment(scores: scores, evidenced: Set(citations.filter(\.verification.counts).map(\.indicator)))
    }
}

/// Names a rule in a reason.
public enum RuleName: String, Sendable, CaseIterable {
    case scale, halves, evidence, partial, complete, threshold, floor
}

/// One rule held against an assessment.
public struct Reason: Sendable, Equatable, CustomStringConvertible {
    public let rule: RuleName
    /// `nil` for a rule of the whole dossier.
    public let indicator: IndicatorCode?
    public let isMet: Bool
    /// `nil` for what no rule document says: that every indicator needs a score.
    public let provenance: Provenance?
    fileprivate var points: Points?
    fileprivate var words: String
    fileprivate var limit: Points?

    /// `B2 = 4 < 5`, `total 82 ≥ 80`.
    public var statement: String {
        let subject = indicator.map { points == nil ? "\($0)" : "\($0) =" } ?? "total"
        let parts = [subject, points?.description, words, limit?.description]
        return parts.compactMap { $0 }.joined(separator: " ")
    }

    /// `floor:B2`, `threshold`: what records keep of a reason.
    public var id: String { indicator.map { "\(rule.rawValue):\($0)" } ?? rule.rawValue }

    public var description: String { provenance.map { "\(statement) [\($0.citation)]" } ?? statement }
}

/// The result of an assessment under a rule set, and why.
public struct Verdict: Sendable, Equatable {
    /// Whether nothing is unmet.
    public let isRecognised: Bool
    /// The sum of ``counted``.
    public let total: Points
    /// The highest grade that the total reaches; only when recognised.
    public let grade: String?
    /// The points that count, of every indicator of the criteria set.
    public let counted: [IndicatorCode: Points]
    /// Met and unmet: by indicator in the order of the criteria set, then of the whole.
    public let reasons: [Reason]

    public var unmet: [Reason] { reasons.filter { !$0.isMet } }
}

extension RuleSet {
    /// The result and the reasons, all of them, met or not, in a fixed order. Pure.
    ///
    /// Scores of indicators that the criteria set does not have are no part of it. A score that may not be given counts as it
    /// was given, but is unmet; one that lacks the evidence that it needs counts 0.
    public func verdict(on assessment: Assessment, under criteria: CriteriaSet) -> Verdict {
        var counted: [IndicatorCode: Points] = [:]
        var total = Points.zero
        var reasons: [Reason] = []
        for indicator in criteria.indicators {
            let code = indicator.code
            let hasEvidence = assessment.evidenced.contains(code)
            let score = assessment.scores[code]
            let words = score == nil ? "has no score" : "has a score"
            reasons.append(Reason(rule: .complete, indicator: code, isMet: score != nil, provenance: nil, words: words))
            if let score { add(to: &reasons, for: score, of: indicator, hasEvidence: hasEvidence) }
            let points = isWorthless(indicator, hasEvidence) ? .zero : score?.points ?? .zero
            counted[code] = points
            total = Self.sum(total, points)
            reasons.append(atLeast(floor, points, .floor, code))
        }
        reasons.append(atLeast(threshold, total, .threshold, nil))
        let isRecognised = reasons.allSatisfy { $0.isMet }
        return Verdict(
            isRecognised: isRecognised, total: total, grade: isRecognised ? grades.last { $0.from <= total }?.name : nil, counted: counted,
            reasons: reasons)
    }

    /// Why this score may not be given to this indicator; `nil` when it may.
    public func refusal(of score: Score, for indicator: Indicator, hasEvidence: Bool) -> Reason? {
        var reasons: [Reason] = []
        add(to: &reasons, for: score, of: indicator, hasEvidence: hasEvidence)
        return reasons.first { !$0.isMet }
    }

    /// The years that make an honour: the latest run of `honour.years` consecutive years that ends with the last of
    /// `years`; `nil` if there is none, or the rules know no honour.
    public func honourRun(in years: [Int]) -> ClosedRange<Int>? {
        guard let needed = honour?.value.years, let last = years.max(), last >= needed else { return nil }
        let run = last - needed + 1...last
        return Set(years).isSuperset(of: run) ? run : nil
    }

    /// “Không có kê khai, minh chứng (đối với các chỉ số có thể định lượng) thì không cho điểm”: whether points need evidence
    /// that is not there.
    private func isWorthless(_ indicator: Indicator, _ hasEvidence: Bool) -> Bool {
        needsEvidence.value == .quantifiable && indicator.isQuantifiable && !hasEvidence
    }

    private func atLeast(_ limit: Ruled<Points>, _ points: Points, _ rule: RuleName, _ indicator: IndicatorCode?) -> Reason {
        let isMet = points >= limit.value
        return Reason(
            rule: rule, indicator: indicator, isMet: isMet, provenance: limit.provenance, points: points, words: isMet ? "≥" : "<",
            limit: limit.value)
    }

    /// Adds the rules for one score, in a fixed order; those that restrict nothing here are left out.
    private func add(to reasons: inout [Reason], for score: Score, of indicator: Indicator, hasEvidence: Bool) {
        let points = score.points
        func reason(_ rule: RuleName, _ isMet: Bool, _ provenance: Provenance, _ words: String, _ limit: Points? = nil) -> Reason {
            Reason(rule: rule, indicator: indicator.code, isMet: isMet, provenance: provenance, points: points, words: words, limit: limit)
        }
        let isWorthless = isWorthless(indicator, hasEvidence)
        let hasOwnMaximum = indicator.maximum < scaleMaximum.value
        let maximum = hasOwnMaximum ? indicator.maximum : scaleMaximum.value
        let maximumProvenance = hasOwnMaximum ? indicator.provenance : scaleMaximum.provenance

        if points > maximum {
            reasons.append(reason(.scale, false, maximumProvenance, ">", maximum))
        } else if points < scaleMinimum.value, !(isWorthless && points == .zero) {
            // Without evidence 0 is the only score that can be given, whatever the scale begins with.
            reasons.append(reason(.scale, false, scaleMinimum.provenance, "<", scaleMinimum.value))
        } else {
            reasons.append(reason(.scale, true, maximumProvenance, "≤", maximum))
        }
        if !allowsHalves.value {
            reasons.append(reason(.halves, points.isWhole, allowsHalves.provenance, points.isWhole ? "is whole" : "is not whole"))
        }
        if needsEvidence.value == .quantifiable, indicator.isQuantifiable {
            let isMet = hasEvidence || points <= .zero
            let words = hasEvidence ? "with evidence" : isMet ? "without evidence" : "without evidence counts"
            reasons.append(reason(.evidence, isMet, needsEvidence.provenance, words, isMet ? nil : .zero))
        }
        // Where points lack their evidence, that rule alone decides. Elsewhere whoever has evidence of something that can be
        // measured carried it out, in full or in part: nothing is left between 0 and the floor.
        if let partialFloor, !isWorthless, score.isPartial || indicator.isQuantifiable && hasEvidence && points > .zero {
            let isMet = points >= partialFloor.value
            let words = isMet ? "≥" : score.isPartial ? "in part <" : "more than 0 but <"
            reasons.append(reason(.partial, isMet, partialFloor.provenance, words, partialFloor.value))
        }
    }

    /// Records can hold any number: the sum stops at the ends of what can be counted.
    private static func sum(_ left: Points, _ right: Points) -> Points {
        let (halves, overflows) = left.halves.addingReportingOverflow(right.halves)
        return Points(halves: overflows ? (right.halves > 0 ? .max : .min) : halves)
    }
}
