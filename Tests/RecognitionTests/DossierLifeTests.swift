import Evidence
import Recognition
import Testing

@Suite("The life of a dossier")
struct DossierLifeTests {
    typealias State = DossierLife.State

    static let agency = [
        TrackStep(act: .review, role: .reviewer), TrackStep(act: .propose, role: .reviewer), TrackStep(act: .recognise, role: .authority),
    ]
    static let residence = [
        TrackStep(act: .review, role: .reviewer), TrackStep(act: .appraise, role: .appraiser), TrackStep(act: .confirm, role: .confirmer),
        TrackStep(act: .propose, role: .appraiser), TrackStep(act: .recognise, role: .authority),
    ]

    // MARK: Lives, told

    struct Told: Sendable, CustomTestStringConvertible {
        let title: String
        let track: [TrackStep]
        /// `role act > stage`, one after the other.
        let steps: String
        /// Whether a recognition stands at the end.
        let recognised: Bool?
        var testDescription: String { title }
    }

    static let toProposalInAgency = """
        citizen declare > declaring, citizen submit > submitted, reviewer review > reviewed, reviewer propose > proposed,
        """
    static let toProposalInWard = """
        assistant declare > declaring, assistant submit > submitted, reviewer review > reviewed, appraiser appraise > appraised,
        confirmer confirm > confirmed, appraiser propose > proposed,
        """
    static let recognisedInAgency = toProposalInAgency + "authority recognise > recognised,"
    static let refusedInWard = toProposalInWard + "authority refuse > refused,"

    static let told: [Told] = [
        // S2: "Cá nhân kê khai thu thập minh chứng, tự đánh giá, cho điểm"; "Thủ trưởng cơ quan quyết định công nhận".
        Told(title: "an agency recognises", track: agency, steps: recognisedInAgency, recognised: true),
        // S4: "Lãnh đạo đơn vị xác nhận kết quả cuối cùng"; "UBND phường công nhận danh hiệu".
        Told(title: "a ward recognises", track: residence, steps: toProposalInWard + "authority recognise > recognised", recognised: true),
        Told(title: "a ward refuses", track: residence, steps: refusedInWard, recognised: false),
        Told(
            title: "whoever would act next returns it for a supplement", track: residence,
            steps: """
                citizen declare > declaring, citizen submit > submitted, reviewer return > returned, citizen declare > declaring,
                citizen submit > submitted, reviewer review > reviewed, appraiser return > returned,
                """ + toProposalInWard + "authority return > returned", recognised: nil),
        Told(
            title: "a withdrawn dossier is declared again", track: agency,
            steps: "citizen withdraw > withdrawn, citizen declare > declaring, assistant withdraw > withdrawn," + toProposalInAgency
                + "citizen withdraw > withdrawn," + recognisedInAgency, recognised: true),
        Told(
            title: "evidence that changed opens the review again", track: agency,
            steps: toProposalInAgency + "appraiser reopen > submitted, reviewer review > reviewed, reviewer reopen > submitted",
            recognised: nil),
        Told(
            title: "an objection is upheld and the title stands", track: agency,
            steps: recognisedInAgency + "reviewer object > objected, authority uphold > recognised", recognised: true),
        Told(
            title: "an objection is granted and the refused is recognised", track: residence,
            steps: refusedInWard + """
                citizen object > objected, authority reopen > submitted, reviewer review > reviewed, appraiser appraise > appraised,
                confirmer confirm > confirmed, appraiser propose > proposed, authority recognise > recognised
                """, recognised: true),
        Told(
            title: "an appeal is upheld, asked once more, and granted", track: residence,
            steps: refusedInWard + """
                assistant object > objected, authority uphold > refused, citizen appeal > appealed, authority uphold > refused,
                citizen appeal > appealed, authority uphold > refused, reviewer object > objected, authority uphold > refused,
                citizen appeal > appealed, authority reopen > submitted
                """, recognised: false),
        Told(
            title: "a reopened title stands until the new decision", track: agency,
            steps: recognisedInAgency + "citizen object > objected, authority reopen > submitted", recognised: true),
        Told(title: "a title is revoked", track: agency, steps: recognisedInAgency + "authority revoke > revoked", recognised: nil),
        Told(
            title: "a title is revoked whose reopened dossier nobody submits", track: agency,
            steps: recognisedInAgency + """
                reviewer object > objected, authority reopen > submitted, reviewer return > returned, authority revoke > revoked
                """, recognised: nil),
        Told(
            title: "a revocation is upheld, appealed, and reviewed again", track: agency,
            steps: recognisedInAgency + """
                authority revoke > revoked, citizen object > objected, authority uphold > revoked, citizen appeal > appealed,
                authority reopen > submitted, reviewer review > reviewed, reviewer propose > proposed, authority recognise > recognised
                """, recognised: true),
    ]

    @Test("goes as told", arguments: told)
    func goes(_ told: Told) throws {
        let life = try DossierLife(track: told.track)
        var state = State.registered
        for step in told.steps.split(separator: ",") {
            let words = step.split(whereSeparator: \.isWhitespace).map(String.init)
            try #require(words.count == 4, "\(step)")
            let role = try #require(Role(rawValue: words[0]))
            let act = try #require(DossierAct(rawValue: words[1]))
            #expect(life.acts(for: role, from: state).contains(act))
            state = try life.state(after: act, by: role, from: state)
            #expect(state.stage.rawValue == words[3])
        }
        #expect(state.wasRecognised == told.recognised)
    }

    // MARK: Everything else is refused

    /// When a row of ``rules`` holds: always; while no decision stands; while a recognition stands; after an upheld objection.
    enum Condition: String { case always, undecided, titled, upheld }

    struct Rule {
        let stages: Set<DossierStage>
        let act: DossierAct
        let roles: Set<Role>
        /// `nil` is where the decision left it.
        let to: DossierStage?
        let condition: Condition
    }

    /// What either track allows before the decision and after it, written down by hand and not from the code.
    static let commonRules = """
        registered,returned,withdrawn           declare  citizen,assistant          declaring always
        declaring                               submit   citizen,assistant          submitted always
        registered,declaring,submitted,returned withdraw citizen,assistant          withdrawn undecided
        recognised,refused,revoked              object   citizen,assistant,reviewer objected  always
        recognised,refused,revoked              appeal   citizen,assistant          appealed  upheld
        objected,appealed                       uphold   authority                  decided   always
        objected,appealed                       reopen   authority                  submitted always
        recognised,objected,appealed            revoke   authority                  revoked   titled
        declaring,submitted,returned            revoke   authority                  revoked   titled
        """

    static let agencyRules = """
        submitted          review    reviewer           reviewed   always
        reviewed           propose   reviewer           proposed   always
        proposed           recognise authority          recognised always
        proposed           refuse    authority          refused    always
        submitted,reviewed return    reviewer           returned   always
        proposed           return    authority          returned   always
        reviewed,proposed  reopen    citizen,assistant,reviewer,appraiser submitted  always
        reviewed,proposed  withdraw  citizen,assistant  withdrawn  undecided
        reviewed,proposed  revoke    authority          revoked    titled
        """

    static let residenceRules = """
        submitted                             review    reviewer           reviewed   always
        reviewed                              appraise  appraiser          appraised  always
        appraised                             confirm   confirmer          confirmed  always
        confirmed                             propose   appraiser          proposed   always
        proposed                              recognise authority          recognised always
        proposed                              refuse    authority          refused    always
        submitted                             return    reviewer           returned   always
        reviewed,confirmed                    return    appraiser          returned   always
        appraised                             return    confirmer          returned   always
        proposed                              return    authority          returned   always
        reviewed,appraised,confirmed,proposed reopen    citizen,assistant,reviewer,appraiser submitted  always
        reviewed,appraised,confirmed,proposed withdraw  citizen,assistant  withdrawn  undecided
        reviewed,appraised,confirmed,proposed revoke    authority          revoked    titled
        """

    struct Track: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [TrackStep]
        let rules: String
        /// Stages that it does not know.
        let skips: Set<DossierStage>
        var testDescription: String { name }
    }

    static let tracks = [
        Track(name: "agency", steps: agency, rules: agencyRules, skips: [.appraised, .confirmed]),
        Track(name: "residence", steps: residence, rules: residenceRules, skips: []),
    ]

    static func rules(_ text: String) throws -> [Rule] {
        var rules: [Rule] = []
        for line in (commonRules + "\n" + text).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            try #require(words.count == 5, "\(line)")
            let to: Set<DossierStage> = words[3] == "decided" ? [] : try parsed(words[3])
            rules.append(
                Rule(
                    stages: try parsed(words[0]), act: try #require(DossierAct(rawValue: words[1])), roles: try parsed(words[2]),
                    to: to.first, condition: try #require(Condition(rawValue: words[4]))))
        }
        return rules
    }

    static func parsed<Word: RawRepresentable & Hashable>(_ list: String) throws -> Set<Word> where Word.RawValue == String {
        Set(try list.split(separator: ",").map { try #require(Word(rawValue: String($0))) })
    }

    static let everyState = DossierStage.allCases.flatMap { stage in
        [nil, true, false].flatMap { wasRecognised in
            [false, true].map { State(stage: stage, wasRecognised: wasRecognised, isUpheld: $0) }
        }
    }

    /// Whether a dossier can ever be so, given that its stage is one of the track's.
    static func canBe(_ state: State) -> Bool {
        switch state.stage {
        case .registered, .withdrawn: state.wasRecognised == nil && !state.isUpheld
        case .recognised: state.wasRecognised == true
        case .refused: state.wasRecognised == false
        case .revoked: state.wasRecognised == nil
        case .objected: true
        case .appealed: state.isUpheld
        default: !state.isUpheld
        }
    }

    static func expected(_ rules: [Rule], _ act: DossierAct, _ role: Role, _ state: State) -> State? {
        guard canBe(state) else { return nil }
        let rule = rules.first { rule in
            guard rule.stages.contains(state.stage), rule.act == act, rule.roles.contains(role) else { return false }
            return switch rule.condition {
            case .always: true
            case .undecided: state.wasRecognised == nil
            case .titled: state.wasRecognised == true
            case .upheld: state.isUpheld
            }
        }
        guard let rule else { return nil }
        let decided: DossierStage =
            switch state.wasRecognised {
            case true?: .recognised
            case false?: .refused
            case nil: .revoked
            }
        let wasRecognised: Bool? =
            switch act {
            case .recognise: true
            case .refuse: false
            case .revoke: nil
            default: state.wasRecognised
            }
        let isUpheld =
            switch act {
            case .uphold: true
            case .object, .appeal: state.isUpheld
            default: false
            }
        return State(stage: rule.to ?? decided, wasRecognised: wasRecognised, isUpheld: isUpheld)
    }

    @Test("allows what the rules allow in every state, by every act and role, and says of all else what is possible", arguments: tracks)
    func allows(_ track: Track) throws {
        let life = try DossierLife(track: track.steps)
        let rules = try Self.rules(track.rules)
        var wrong: [String] = []
        var allowed = 0
        for state in Self.everyState {
            for act in DossierAct.allCases {
                for role in Role.allCases {
                    let expected = Self.expected(rules, act, role, state)
                    if life.acts(for: role, from: state).contains(act) != (expected != nil) {
                        wrong.append("the menu: \(act) by \(role) from \(state)")
                    }
                    do throws(LifeError) {
                        if try life.state(after: act, by: role, from: state) != expected { wrong.append("\(act) by \(role) from \(state)") }
                        allowed += 1
                    } catch {
                        let line = error.description
                        if expected != nil || !line.hasPrefix("cannot \(act.rawValue)")
                            || !line.contains("the dossier is \(state.stage.rawValue); possible now: ") || line.contains("\n")
                        {
                            wrong.append("\(line), \(state)")
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) wrong, first \(wrong.prefix(5))")
        #expect(allowed == life.transitions.map(\.roles.count).reduce(0, +))
        #expect(!life.transitions.contains { $0.roles.contains(.inspector) || $0.roles.contains(.administrator) })
    }

    @Test("reaches all its stages and states, ends nowhere, and has one row for a state and an act", arguments: tracks)
    func reaches(_ track: Track) throws {
        let life = try DossierLife(track: track.steps)
        var reached: Set<State> = [.registered]
        var open: [State] = [.registered]
        while let state = open.popLast() {
            let next = life.transitions.filter { $0.from == state }
            #expect(!next.isEmpty, "nothing leads on from \(state)")
            open += next.map(\.to).filter { reached.insert($0).inserted }
        }
        #expect(Set(life.transitions.map(\.from)) == reached)
        #expect(Set(reached.map(\.stage)) == Set(DossierStage.allCases).subtracting(track.skips))
        #expect(reached.allSatisfy(Self.canBe))
        #expect(Set(life.transitions.map { "\($0.from) \($0.act)" }).count == life.transitions.count)
    }

    // MARK: Messages

    static let messages: [(DossierAct, Role, State, String)] = [
        (
            .submit, .citizen, State(stage: .recognised, wasRecognised: true),
            "cannot submit: the dossier is recognised; possible now: object (citizen, assistant, reviewer), revoke (authority)"
        ),
        (
            .recognise, .reviewer, State(stage: .proposed),
            """
            cannot recognise as reviewer: the dossier is proposed; possible now: recognise (authority), refuse (authority), \
            return (authority), reopen (citizen, assistant, reviewer, appraiser), withdraw (citizen, assistant)
            """
        ),
        (.confirm, .confirmer, State(stage: .appraised), "cannot confirm: the dossier is appraised; possible now: nothing on this track"),
    ]

    @Test("says what is possible", arguments: messages)
    func says(act: DossierAct, role: Role, state: State, message: String) throws {
        let life = try DossierLife(track: Self.agency)
        let error = #expect(throws: LifeError.self) { try life.state(after: act, by: role, from: state) }
        #expect(error?.description == message)
    }

    // MARK: Bad tracks

    static func track(_ steps: (DossierAct, Role)...) -> [TrackStep] { steps.map { TrackStep(act: $0.0, role: $0.1) } }

    static let badTracks: [(track: [TrackStep], error: LifeError)] = [
        ([], .emptyTrack), (track((.recognise, .authority)), .stepMissing(.review)), (track((.review, .reviewer)), .stepMissing(.recognise)),
        (track((.propose, .reviewer), (.recognise, .authority)), .stepMissing(.review)),
        (track((.review, .reviewer), (.propose, .reviewer), (.review, .reviewer), (.recognise, .authority)), .stepTwice(.review)),
        (track((.review, .reviewer), (.recognise, .authority), (.recognise, .authority)), .stepTwice(.recognise)),
        (track((.appraise, .appraiser), (.review, .reviewer), (.recognise, .authority)), .stepTooLate(.review, after: .appraise)),
        (
            track((.review, .reviewer), (.confirm, .confirmer), (.appraise, .appraiser), (.recognise, .authority)),
            .stepTooLate(.appraise, after: .confirm)
        ),
        (track((.review, .reviewer), (.recognise, .authority), (.propose, .appraiser)), .stepTooLate(.propose, after: .recognise)),
        (track((.submit, .citizen), (.review, .reviewer), (.recognise, .authority)), .noStep(.submit)),
        (track((.review, .citizen), (.recognise, .authority)), .noStepForRole(.review, .citizen)),
        (track((.review, .reviewer), (.recognise, .administrator)), .noStepForRole(.recognise, .administrator)),
    ]

    @Test("refuses a track that is none", arguments: badTracks)
    func refuses(track: [TrackStep], error: LifeError) {
        #expect(throws: error) { try DossierLife(track: track) }
        #expect(error.description.hasPrefix("cannot use the track: ") && !error.description.contains("\n"))
    }

    @Test func `takes a track of the two steps that no track lacks`() throws {
        let life = try DossierLife(track: Self.track((.review, .reviewer), (.recognise, .confirmer)))
        let reviewed = State(stage: .reviewed)
        #expect(life.acts(for: .confirmer, from: reviewed) == [.recognise, .refuse, .returnForSupplement])
        #expect(life.acts(for: .authority, from: reviewed) == [])
    }

    // MARK: Four eyes

    /// `hoa` is the citizen, `binh` an account of hers that acted as citizen, `lan` scored, `minh` has done nothing yet.
    static let allowed: [(DossierAct, Role, String)] = [
        (.declare, .citizen, "hoa"), (.submit, .citizen, "binh"), (.withdraw, .citizen, "hoa"), (.object, .citizen, "hoa"),
        (.appeal, .citizen, "hoa"), (.submit, .assistant, "hoa"), (.declare, .assistant, "minh"), (.review, .reviewer, "minh"),
        (.review, .reviewer, "lan"), (.propose, .reviewer, "lan"), (.returnForSupplement, .reviewer, "lan"), (.reopen, .appraiser, "lan"),
        (.object, .reviewer, "lan"), (.recognise, .authority, "minh"), (.refuse, .authority, "minh"), (.uphold, .authority, "minh"),
        (.revoke, .authority, "minh"), (.reopen, .authority, "lan"),
    ]

    @Test("lets act who may", arguments: allowed)
    func letsAct(act: DossierAct, role: Role, account: String) throws {
        try DossierLife.checkSeparation(act: act, role: role, account: account, ownAccounts: ["hoa", "binh"], scoredBy: ["lan"])
    }

    static let officeActs: [(DossierAct, Role)] = [
        (.review, .reviewer), (.appraise, .appraiser), (.confirm, .confirmer), (.propose, .appraiser), (.recognise, .authority),
        (.refuse, .authority), (.returnForSupplement, .reviewer), (.uphold, .authority), (.reopen, .reviewer), (.reopen, .authority),
        (.revoke, .authority), (.object, .reviewer), (.review, .citizen),
    ]

    @Test("lets nobody act in an office on their own dossier", arguments: officeActs, ["hoa", "binh"])
    func ownDossier(office: (act: DossierAct, role: Role), account: String) {
        let error = #expect(throws: LifeError.self) {
            try DossierLife.checkSeparation(
                act: office.act, role: office.role, account: account, ownAccounts: ["hoa", "binh"], scoredBy: ["hoa"])
        }
        #expect(error == .ownDossier(act: office.act, role: office.role, account: account))
        #expect(error?.description.contains("nobody reviews their own") == true)
    }

    @Test("lets nobody decide what they scored", arguments: [DossierAct.recognise, .refuse, .uphold, .revoke])
    func decidesOwnScores(act: DossierAct) {
        let error = #expect(throws: LifeError.self) {
            try DossierLife.checkSeparation(act: act, role: .authority, account: "lan", ownAccounts: ["hoa"], scoredBy: ["lan", "hung"])
        }
        #expect(error == .decidesOwnScores(act: act, account: "lan"))
        #expect(error?.description.contains("who scores does not decide") == true)
    }

    // MARK: Reasons

    @Test func `asks for a reason wherever a dossier does not go straight on, but not for a refusal`() {
        let withReason = DossierAct.allCases.filter(DossierLife.requiresReason).map(\.rawValue)
        #expect(withReason == ["return", "withdraw", "object", "appeal", "uphold", "reopen", "revoke"])
    }
}
