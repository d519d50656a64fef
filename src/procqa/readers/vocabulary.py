"""The words of section headings: the canonical names, and what patient sites, leaflets and hospitals call them.

An alias is written as a page would; `headings` compares normal forms, in which case, articles, plurals, British
spelling and words such as "your operation" do not count. An alias belongs here only when it is sure: a heading
that could be two sections ("Risks and benefits") or none ("Anaesthetic") keeps its own name.
"""

from __future__ import annotations

CANONICAL_SECTIONS = (
    "Summary",
    "Purpose",
    "Indications",
    "Preparation",
    "Procedure Description",
    "Duration",
    "Setting",
    "Personnel",
    "Risks and Complications",
    "Benefits",
    "Recovery",
    "Alternatives",
    "Patient Experience",
)

NAME_HEADINGS = (
    "Name of the Procedure",
    "Procedure name",
    "Name of procedure or treatment",
    "Official name",
    "Full name of the procedure",
)

# One string a section, aliases parted by semicolons: a table that is read and mended by eye.
ALIASES = {
    "Summary": """
        Overview; At a glance; Brief summary; Plain summary; Quick summary; Summary in plain language; Lay
        summary; Executive summary; Introduction and overview; Procedure overview; General overview; About the
        procedure; What is it?; What is the procedure?; What is involved in brief; Key facts; Quick facts; The
        basics; Synopsis; Abstract; Definition; General information; Background; What this is; Overview and
        summary; Summary of the procedure; Basic information; Facts at a glance; Essentials; The short version;
        What you need to know; Things to know""",
    "Purpose": """
        Why it's done; Why it is done; Why is it done?; Why the procedure is performed; Why is it carried out?;
        Why it is used; Why is this used; Why have it?; Why do I need it?; Why you might need it; Why you need
        the operation; Why am I having this?; Why it is needed; Why choose this?; Why is it important?; Why do
        it?; Why would I have it?; Why it is offered; Why it is recommended; Reason for the procedure; Reasons
        for the test; Reasons for having it; Goal; Goals; Goal of the procedure; Aim; Aims; Aims of treatment;
        Objective; Objectives; Purpose and goals; Purpose of the test; What is it for?; What is it used for?;
        What is the procedure used for?; Uses; Intended use; Rationale; Reason it is done; What does it treat?;
        What does the test look for?; What the test shows; What can it show?; Intent; What is the aim?""",
    "Indications": """
        When is it needed?; When it is needed; When it is used; When is it used?; When it is done; When is it
        performed?; When it is recommended; When is it recommended?; When is it offered?; When you might need
        it; When surgery is needed; When to have it; Who needs it?; Who needs the procedure; Who needs
        treatment; Who is it for?; Who may need it; Who might benefit?; Who can benefit?; Who gets it?; Who is a
        candidate?; Who is a good candidate?; Who is eligible?; Who it is offered to; Candidates; Candidates for
        surgery; Good candidates; Ideal candidates; Am I a candidate?; Candidacy; Eligibility; Eligibility
        criteria; Patient selection; Selection of patients; Clinical indications; Common indications;
        Indications for use; Indications for surgery; Indications and contraindications; Indications and
        eligibility; Medical indications; Is it right for you?; Is this right for me?; Suitability; Who is
        suitable?; Conditions treated; What conditions does it treat?; Conditions treated with the procedure;
        Which patients need it; Symptoms and conditions treated; Reasons you may need it""",
    "Preparation": """
        Before the procedure; Before your operation; Before surgery; Before the test; Before you come in; Before
        you come to hospital; Before you arrive; Before your appointment; Before your admission; Before the day;
        Before the scan; What happens before the procedure?; What to do before the procedure; What should I do
        before; What to expect before surgery; How you prepare; How to prepare; How do I prepare?; How should I
        prepare?; How to get ready; How do I get ready?; How to prepare for the test; Preparing; Preparing for
        your operation; Preparing for the procedure; Prepare for surgery; Preparation for surgery; Preparations;
        Preparation and planning; Planning and preparation; Preparation before the procedure; Preparing
        yourself; Preparing at home; Getting ready; Getting ready for surgery; Get ready; Pre-procedure;
        Pre-procedure preparation; Pre-procedure care; Pre-procedure instructions; Preoperative care;
        Preoperative preparation; Preoperative instructions; Pre-operative assessment; Pre-op; Pre-op
        instructions; Pre-op preparation; Pre-assessment; Presurgical preparation; Pre-treatment; Prior to the
        procedure; Prior to surgery; In preparation; Leading up to surgery; In the days before; The days before
        surgery; The day before; The night before; Things to do before; Is there any preparation?; Is any
        preparation needed?; What preparation is needed?; What preparation is required?; Steps to prepare;
        Patient preparation; Bowel preparation; Food and medications; Food and medicines; Fasting and medicines;
        Eating and drinking before; Instructions before; Before""",
    "Procedure Description": """
        Description; Description of the procedure; The procedure; Procedure; The operation; Procedure details;
        Details of the procedure; Treatment details; Test details; Procedure steps; Steps; Steps of the
        procedure; Steps involved; Step by step; Step-by-step description; Surgical technique; Technique;
        Techniques; Method; Methods; During the procedure; During the operation; During surgery; During the
        test; During your appointment; During; What happens; What happens?; What happens during the procedure?;
        What happens during surgery; What happens in the operation; What happens on the day; What happens at the
        appointment; What happens next during; What will happen; What will happen during the test; What is done
        during the procedure; What does it involve?; What is involved?; What does the operation involve?; What
        it involves; How is it done?; How it is done; How is it performed?; How the test is performed; How is it
        carried out?; How it is carried out; How does it work?; How it works; How the procedure works; How is
        the surgery done?; How is it given?; How it is given; How the treatment is given; How do they do it?;
        Process; The process; Procedure overview and steps; The day of the procedure; On the day of surgery; The
        day of your operation; The surgery itself; The procedure itself; The test itself; Operative technique;
        Procedural details; Procedural steps; Intervention details; Treatment process""",
    "Duration": """
        How long it takes; How long does it take?; How long will it take?; How long does the procedure take?;
        How long does the operation last?; How long it lasts; How long is the procedure?; How long is it?; How
        much time does it take?; How much time is needed; How long does the appointment take?; How long does the
        whole visit take?; How long will I be there?; Length; Length of procedure; Length of the operation;
        Length of time; Time required; Time needed; Time taken; Time it takes; Time; Timing; Timing and
        duration; Expected duration; Estimated duration; Approximate duration; Typical duration; Average
        duration; Estimated time; Procedure time; Operating time; Operation time; Duration of treatment;
        Duration and timing; Duration of the procedure; Time frame; Length of appointment; Length of visit;
        Appointment length; Expected time; Timescale; Time commitment""",
    "Setting": """
        Where it is done; Where is it done?; Where it takes place; Where does it take place?; Where it happens;
        Where it is performed; Where is the procedure performed?; Where is it carried out?; Where will it be
        done?; Where will I have it?; Where to go; Where do I go?; Where you go; Where is it?; Where it is
        given; Where can I have it?; Where you have the test; Where; Location; Location and setting; Procedure
        location; Place; Place of service; Place of treatment; Site of service; Care setting; Clinical setting;
        Setting and location; Facility type; Venue; Where it is held; Treatment setting; Setting of care; Where
        you will be treated; Where will I be treated?; Inpatient or outpatient; Outpatient or inpatient; Where
        it is offered""",
    "Personnel": """
        Who performs it; Who performs it?; Who performs the procedure?; Who does it?; Who does the procedure?;
        Who will do it?; Who will do my operation?; Who carries it out?; Who will carry it out?; Who is
        involved?; Who will be involved; Who is present?; Who will be in the room?; Who gives it?; Who will
        perform the surgery?; Who takes part; Who you will see; Who will I see?; Who will I meet?; Who will
        treat me?; Who will treat you; Who will care for me?; Who looks after you; Who will look after me?; Who
        conducts it; Who provides it; The team; Your team; Care team; Your care team; Medical team; Surgical
        team; Healthcare team; Health care team; Treatment team; Clinical team; Staff; Staff involved; Team
        members; Team involved; Healthcare providers; Healthcare professionals; Health professionals involved;
        Professionals involved; Medical staff; Medical personnel; Personnel involved; Required personnel;
        Specialists involved; Clinicians involved""",
    "Risks and Complications": """
        Risks; Risk; Complications; Side effects; Side effect; Adverse effects; Adverse events; Adverse
        reactions; Unwanted effects; Possible risks; Possible complications; Potential complications; Potential
        risks; Risk factors and complications; Risks and side effects; Side effects and risks; Side effects and
        complications; Complications and side effects; Complications and risks; Risks or complications; What are
        the risks?; What are the side effects?; What are the possible complications?; What are the
        complications?; What risks are there?; Are there any risks?; Are there risks?; Are there side effects?;
        Does it have side effects?; Is it safe?; How safe is it?; Safety; Safety and risks; Risks and safety;
        Safety information; Is it dangerous?; What can go wrong?; What could go wrong?; What might go wrong;
        Problems that can happen; Possible problems; Potential problems; Problems after surgery; Hazards;
        Dangers; Harms; Possible harms; Risks and harms; Harms and risks; Drawbacks; Disadvantages; Downsides;
        Risks involved; Surgical risks; Risks of anesthesia and surgery; Common risks; Serious risks; Common
        complications; Serious complications; Rare complications; Risks and precautions; Risks and
        considerations; Risks and warnings; It can cause side effects; Side effects it can cause; What side
        effects can it cause?; What side effects are caused by it?; Risks, complications and side effects;
        Adverse outcomes; Limitations and risks; Risks and limitations; Complication rates""",
    "Benefits": """
        Benefit; Advantages; Advantage; What are the benefits?; What are the advantages?; How does it help?; How
        it helps; How can it help?; How will it help me?; How it can help; Why it helps; Expected benefits;
        Expected results; Expected outcome; Expected outcomes; Outcome; Outcomes; Results; Results of surgery;
        Results and benefits; Benefits and results; Benefits and outcomes; Outcomes and benefits; Benefits and
        advantages; Key benefits; Main benefits; Health benefits; Success; Success rate; Success rates; How
        successful is it?; How effective is it?; How well does it work?; Effectiveness; Efficacy; Positive
        outcomes; What results can I expect?; What results to expect; Long-term results; Potential benefits;
        What will I gain?; Benefits to you; What you gain""",
    "Recovery": """
        After the procedure; After your operation; After surgery; After the test; After; What happens after?;
        What happens afterwards?; What happens after the procedure?; What happens after surgery; What to expect
        after surgery; What to expect afterwards; What to expect during recovery; What will happen after;
        Afterwards; Aftercare; After care; After-care instructions; Care after; Care after the procedure; Care
        after surgery; Care at home; Home care; Caring for yourself; Caring for yourself at home; Self-care;
        Self care at home; Looking after yourself; Looking after yourself at home; Going home; When you go home;
        When you get home; When can I go home?; At home; Back at home; Returning home; Coming home; Getting
        home; Leaving hospital; Discharge; Discharge instructions; Discharge and aftercare; Discharge and
        recovery; Your discharge; Recovering; Recovering at home; Recovering from surgery; Recovering after the
        operation; Recover; How you recover; Recovery time; Recovery period; Recovery process; Recovery at home;
        Recovery and aftercare; Recovery and follow-up; Recovery and outlook; Recovery and rehabilitation;
        Recovery in hospital; Recovery room; Recovery timeline; Recovery after surgery; How long is recovery?;
        How long does it take to recover?; How long does recovery take?; What is the recovery time?; What is
        recovery like?; How long will I be in hospital?; How long will I stay in hospital?; Hospital stay;
        Length of stay; Length of hospital stay; Your hospital stay; Your stay in hospital; Staying in hospital;
        In hospital after; Follow-up; Follow-up care; Follow-up appointments; Follow up and recovery; Follow-up
        after; Post-procedure; Post-procedure care; Post-procedure instructions; Post-procedure recovery;
        Post-operative care; Postoperative instructions; Postoperative recovery; Post-op; Post-op care; Post-op
        instructions; Post-surgical care; Post-treatment care; Rehabilitation; Rehab; Convalescence; Healing;
        Healing time; Getting back to normal; Back to normal; Returning to normal; Return to normal activities;
        Returning to normal activities; Resuming activities; Returning to work; Return to work; Back to work;
        Life after; Life after surgery; Living after; When to call the doctor; When to call your doctor; When to
        call; When to seek help; When to seek medical advice; When to seek medical help; When to get help; When
        to contact us; When should I call my doctor?; Test results; Your test results; Getting your results;
        Getting the results; When will I get my results?; When you get the results; When to get results;
        Immediately after; Right after; Soon after; The days after; The weeks after; First days at home""",
    "Alternatives": """
        Alternative; Alternative treatments; Alternative procedures; Alternative options; Alternative tests;
        Alternatives to surgery; Alternatives to the procedure; Alternative therapies; Other options; Other
        treatments; Other treatment options; Other tests; Other choices; Other ways; Other procedures; Other
        ways to treat it; What are the alternatives?; Are there alternatives?; Are there any alternatives?; Are
        there other options?; What else can be done?; What other options are there?; What other treatments are
        there?; What are my other options?; Options instead; What can be done instead; Instead of surgery;
        Options other than surgery; Nonsurgical options; Non-surgical alternatives; Nonsurgical treatments;
        Different options; Substitutes; Alternatives and other options; Choices other than surgery; Alternative
        approaches; Other approaches; What if I do not have it?; What happens if I do not have it?; What if you
        decide against it""",
    "Patient Experience": """
        What it feels like; What does it feel like?; What will it feel like?; What it feels like to have it; How
        it feels; How does it feel?; How will it feel?; How the test will feel; How you will feel; How you may
        feel; How will I feel?; How might I feel; How you may feel during and after; What will I feel?; What you
        feel; What you will feel; What will I feel during the procedure?; What you may feel during the
        procedure; Does it hurt?; Will it hurt?; Is it painful?; Will it be painful?; Will I be in pain?; Will I
        feel pain?; Will I feel anything?; Does it cause pain?; Pain and discomfort; Comfort; Discomfort;
        Comfort and pain; Pain level; What to expect; What can I expect?; What you can expect; What should I
        expect?; What to expect on the day; What to expect during the procedure; What can I expect during the
        procedure; What patients feel; What patients can expect; What patients experience; The patient's
        experience; Patient's perspective; Patient perspective; Patient experiences; Experience; Your
        experience; Expected experience; Experience during and after; Sensations; Sensations during; What it is
        like to have it; What will it be like?; Feelings during; Expectations; Patient expectations; Is it
        uncomfortable?; What might I feel?; How patients feel; Will I be awake?; Will I be asleep?""",
}
