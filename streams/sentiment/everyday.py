"""Everyday words and phrases of the model's own languages that its training hardly saw.

The model learned English from tens of thousands of texts, Spanish, Portuguese and French from some hundred comments.
What people of those say every day is listed here. A word weighs at least what the list says, two words are a pair of
the model, three or more are an idiom, looked for where the longest of their rarer words stands. Words that another of
the languages uses in another sense stand in phrases only: "trop stylé" and "style" are the same word to the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from streams.sentiment.tokens import fold
from streams.sentiment.weights import SCALE, SentimentWeights, ngram_buckets, pack, unpack

_OTHER: Final = 0.5
"""What is taken from the other class, of what is given to the one."""
_VALENCE: Final = 0.15
"""Feeling of a word for a logit, on which negations act."""
_COMMON: Final = frozenset(
    ("this", "that", "love", "your", "good", "what", "never", "esta", "para", "vraiment", "fait")
)
"""What stands in too many texts for a phrase to be looked for by it, if it has another word of three letters."""

_LISTED: Final = (
    # English
    (3.0, """overjoyed, keep doing what, saved my skin, eat him up, eat her up, eat you up, fell in love,
    falling in love, radiant, rooting for you, lightning fast, what a transformation, worth the hype, never
    disappoints, never disappoint, so real for this, take my money, no crumbs, glow up, chef's kiss, goated,
    nobody deserves, deserves it more, is fire, so fire, pure fire, made my day, make my day, makes my day,
    proud of you, cheer me up, couldn't be happier, couldnt be happier, couldn't be better, could not be
    happier, asked for seconds, exactly what i needed, exactly what i was looking for, living for this,
    living for it, happy birthday, fan of you, never go back, in my cart, add to cart, holy grail, sets the
    bar, best purchase, game changer, gamechanger, cannot recommend enough, can't recommend enough, you're
    glowing, you are glowing, not disappointed"""),
    (-3.5, """money back, down the drain, feel cheated, feel scammed, got cheated, lied to us, lied to me,
    dodging the question, dodging questions, destroyed my, ruined my, hurt my feet, killing my feet, trust
    you anymore, trust you guys, trust them anymore, do not trust, was made yesterday, broke me out, left on
    read, on read, load of nonsense, save your money, falling for this, fall for this, falls for this, lost
    all respect, lost respect, looks nothing like, hung up on me, can't stand, cant stand, cannot stand,
    never sent, never shipped, never showed, never arrived, still nothing, followers to win, used to be
    better, used to be good, used to be so good, miss the old, miss when, does nothing for you, staged,
    overhyped, overrated, money grab, cash grab, cashgrab, sellout, sold out to, waste of money, waste of
    time, total waste, fell off, my refund, breaks me out, breakouts, irritated my, burned my, burnt my,
    itchy, flimsy, shrunk, not it, ain't it, aint it, comments deleted, deleted my comment, deleting
    comments, nobody answers, nobody replies, never replied, never reply, never answer, never answered, zero
    response, tacky, hard pass, no thanks, not worth, daylight robbery, rip off, who buys this, who believes
    this, nobody believes, lose my number, out of touch, tone deaf, doesn't suit you, not suit"""),
    (-2.5, """ew, eww, yikes, ick, nonsense, a rash, came off, fell apart, see through, pricey, another ad,
    just ads, only ads, all ads, just commercials, nothing but ads, too many ads, so many ads, strap
    snapped, zipper broke, peeling, meh, underwhelming, underwhelmed, so expensive, way too expensive"""),
    # Spanish
    (3.0, """chulada, sigue asi, sigan asi, sigue haciendo, me salvo, me enamore, enamore del, radiante,
    mucha fuerza, te apoyo, me comeria, me inspiras, esta de 10, brillas, chulisimo, chulisima, padrisimo,
    padrisima, chidisimo, que chimba, q chimba, una chimba, bacano, bacana, preciosa, precioso, preciosidad,
    guapisima, guapisimo, bellisima, hermosisima, espectacular, que increible, maravilla, maravillosa,
    maravilloso, buenisimo, buenisima, riquisimo, diosa, eres crack, un crack, una crack, que crack, sos
    crack, recomendadisimo, recomendadisima, me meo, me parto, mori de risa, muero de risa, muero de amor,
    muriendo de risa, lloro de risa, justo lo que buscaba, justo lo que necesitaba, feliz cumple, feliz
    cumpleanos, no puedo esperar, lo necesito, la necesito, los necesito, alegran el dia, alegras el dia,
    alegra el dia, alegraste el dia, una pasada, te lo mereces, lo mereces, te mereces, orgullosa de ti,
    orgulloso de ti, que orgullo, un 10, un diez, de diez, eres top, sos top, haria ilusion, mucha ilusion,
    ojala me toque, ojala gane, ojala ganar, vale cada, mi favorito, mi favorita, mis favoritos, de lujo,
    que lujo, mola mucho, mola mil, molan mucho, me mola, flipante, re lindo, re linda, me sirvio, me ayudo,
    me ayudaste, vaya cambiazo, que cambiazo, de lo mejorcito, lo mejor que, no cambies nunca, te pasaste,
    la rompiste, la rompes, te luciste, esta padre, que padre, esta chido, que chido, me fascina, me
    fascino, enamorada, enamorado, no puede faltar, sin palabras, te adoro, los adoro, la adoro"""),
    (2.0, """recomiendo, recomendado, recomendada, chulo, chula, bacan, rapidisimo, rapidisima, divina,
    divino, guapa, guapo, reina, ojala, mereces, merecido, favorito, favorita, que ganas, tengo ganas,
    quiero uno, quiero una, me lo llevo, me la llevo, todo perfecto, impecable, utilisimo, suavecito,
    comodisimo"""),
    (-3.5, """timo, me siento enganada, me siento estafada, enganada, enganado, ya no les creo, no les
    creo, ya no creo, a la basura, a robar, de robar, me cancelaron, cancelaron el pedido, me destrozo, me
    destrozaron, eras mejor, no respondes, nos toman por, timazo, estafadores, estafador, tomadura de pelo,
    es un robo, un robo, rateros, carisimo, carisima, carisimos, carisimas, decepcion, decepcionada,
    decepcionado, decepcionante, decepcionados, sobrevalorado, sobrevalorada, sobrevalorados, horroroso,
    horrorosa, feisimo, feisima, que asco, da asco, dan asco, asco, asqueroso, asquerosa, basura, porqueria,
    mierda, cagada, malisimo, malisima, pesimo, pesima, que verguenza, verguenza, vergonzoso, mentirosos,
    mentirosa, mentiroso, tongo, montaje, amanado, esta arreglado, nadie contesta, no contestan, no
    responden, nadie responde, dejaron en visto, dejan en visto, me colgaron, no soporto, no aguanto, no
    gasten, no compren, no lo compren, no caigan, ni regalado, ni regalada, ni gratis, puro anuncio, puros
    anuncios, pura publicidad, solo publicidad, mucha publicidad, tanta publicidad, borran los comentarios,
    borraron mi comentario, borrar comentarios, ya no es lo mismo, antes era mejor, era mejor antes, antes
    eran mejores, nunca llego, nunca me llego, no me llego, no llego, nunca mandaron, nunca me mandaron,
    nunca enviaron, quien se cree, no se parece, nada que ver con la foto, dejo de seguir, deje de seguir,
    tirar el dinero, dinero tirado, perdida de tiempo, perdida de dinero, no te favorece, no te queda bien,
    si claro, tonterias, siempre los mismos, siempre las mismas, ganan los mismos, gana el mismo, gana la
    misma, se rompio, me quemo, que feo, q feo, que fea, no sirve, no sirven, no vale la pena, no funciona,
    dejen de"""),
    (-2.5, """aburrido, aburrida, aburres, aburre, aburren, cansino, cansina, cutre, chafa, chafas, feo,
    fea, feos, feas, granitos, alergia, ronchas, sarpullido, picazon, irritacion, despinto, encogio,
    tonteria, y nada, muy caro, muy cara, muy caros, que caro, que caros, demasiado caro, que pena,
    devolucion, reembolso, un asco, vaya estafa, se ve barato, ya cansa, ya cansan"""),
    # Portuguese
    (3.0, """amei, continua assim, continue assim, salvou minha, me salvou, me apaixonei, apaixonei pela,
    radiante, gracas a voce, torcendo por voce, na torcida, me inspira, voce brilha, brilhando, fofura, que
    fofo, que fofa, que giro, que gira, muito giro, tao giro, tao gira, muito fixe, espetacular, arrasou,
    arrasa, arraso, arrasando, deusa, maravilhosa, maravilhoso, maravilha, lindissima, perfeicao,
    apaixonada, apaixonado, apaixonei, recomendo, recomendadissimo, rapidissima, rapidissimo, meu preferido,
    minha preferida, meu favorito, minha favorita, preciso disso, preciso desse, preciso dessa, pra ontem,
    mal posso esperar, chorei de rir, morri de rir, morrendo de rir, rindo muito, isso que eu procurava,
    feliz aniversario, alegram meu dia, alegra meu dia, alegrou meu dia, alegram o meu dia, merece tudo, vc
    merece, voce merece, orgulho de, que orgulho, nota 10, nota dez, nota mil, bom demais, top demais, lindo
    demais, linda demais, boa demais, seria um sonho, um sonho, tomara que, quero muito, vale cada, cada
    centavo, me ajudou, adoraram, sensacional, show de bola, sem palavras, caprichou, sem defeitos, zero
    defeitos, minha cara, eu quero, que tudo, ta linda, ficou linda, ficou lindo, mandou bem, salvou meu
    dia, quero pra mim, que amor, nunca decepciona, superou minhas, melhor compra, perfeito pra"""),
    (2.0, """fofo, fofa, fofinho, fofinha, diva, mito, gata, musa, tomara, merece, merecido, merecida,
    preferido, preferida, adoro, otimo, otima, chique, gostoso, delicia, excelente, que mudanca, super
    recomendo"""),
    (-3.5, """decepcao, me sinto enganada, me sinto lesada, enganada, enganado, nao acredito mais, acredito
    mais em, no lixo, de roubar, cancelaram meu, meu pedido cancelado, acabaram com, acabou com minha, nao
    responde quem, nos fazem de, voces mentem, decepcionada, decepcionado, decepcionante, desbotou, odiei,
    odeio, lixo, porcaria, nojo, que nojo, nojento, nojenta, horrivel, horroroso, que coisa feia, carissimo,
    carissima, superestimado, superestimada, superfaturado, golpe, golpistas, golpista, e armado, ta armado,
    armacao, marmelada, manipulado, carta marcada, cartas marcadas, fraude, e um roubo, ladroes, que
    vergonha, vergonha, vergonhoso, nao suporto, nao aguento, nao gastem, nao comprem, nao caiam, no vacuo,
    desligaram na minha cara, ninguem responde, ninguem respondeu, nao respondem, nao responde, nao
    respondeu, sem resposta, nunca chegou, nao chegou, nada de chegar, nunca mandaram, nunca enviaram, nunca
    recebi, nao recebi, nem de graca, ja foi melhor, era melhor antes, eram melhores, antes era melhor,
    apagaram meu, apagam os comentarios, apagou meu, nao parece nada, nada a ver com a foto, quem acredita,
    nao combina, sempre os mesmos, sempre as mesmas, parei de seguir, deixei de seguir, dinheiro jogado,
    jogar dinheiro, jogado fora, perda de tempo, quebrou, rasgou, estragou, encolheu, so publi, muita publi,
    so propaganda, quanta besteira, nao presta, nao funciona, nao vale a pena, me enganaram, nao comprei
    mais"""),
    (-2.5, """cansei, alergia, coceira, espinhas, manchou, irritou, me queimou, chato, chata, chatice,
    entediante, besteira, caro demais, muito caro, ta caro, ficou caro, que caro, e nada, feio, feia, que
    feio, reembolso, sem graca, que pena, aham, publi demais"""),
    # French
    (3.0, """kiffe, continue comme ca, continuez comme ca, a sauve, m'a sauve, sauve ma peau, tombee
    amoureuse, tombe amoureux, amoureuse de la, amoureuse de, rayonnante, radieuse, a croquer, grace a toi,
    de tout coeur, quelle transformation, quelle metamorphose, tu brilles, tu deboites, tu geres, elle gere,
    trop forte, kiffer, je kiffe, une tuerie, pepite, une pepite, trop style, trop stylee, super style, mon
    prefere, ma preferee, mes preferes, c'est nickel, nickel chrome, tout nickel, magnifique, ravissante,
    splendide, bluffant, bluffee, dinguerie, trop mignon, trop mignonne, felicitations, topissime,
    recommande a 100, deesse, une reine, une bombe, la classe, trop classe, vaut le coup, vaut vraiment le
    coup, vaut le detour, il me le faut, il me la faut, il me les faut, me le faut, hate de, trop hate, j'ai
    hate, hate que, au top, fait du bien, font du bien, un reve, fiere de, fier de, joyeux anniversaire, bon
    anniversaire, ce que je cherchais, m'a aide, m'a grave aide, je fonds, morte de rire, mort de rire, je
    suis morte, tu merites, le merites, vous meritez, c'est canon, trop canon, t'es canon, elle dechire, ca
    dechire, ca claque, trop cool, trop bien, trop bon, trop belle, trop beau, ca donne envie, donne envie,
    j'en veux un, j'en veux une, j'en reve, j'adore, je valide, je recommande, rien a redire, coup de coeur,
    c'est dingue, est dingue, c'est ouf, un delice, rien a dire, les enfants ont adore, ont adore, j'ai
    adore, on adore, sans faute, tellement belle, de toute beaute, du bonheur, que du bonheur, mes
    preferees, chapeau"""),
    (2.0, """mignon, mignonne, choupi, craquante, genialissime, sympa, chouette, efficace, impeccable,
    parfaite, meritee, reussi, reussie, reine, ravie, contente, merites, ptdr, canonissime, ultra rapide,
    super rapide, j'espere gagner, j'espere avoir, j'espere vraiment"""),
    (-3.5, """relou, flouee, floue de, je me sens flouee, arnaquee, arnaque, fait avoir, vous crois plus,
    te crois plus, crois plus, a la poubelle, poubelle, reponds pas, du vol, commande annulee, annulee deux
    fois, detruit, m'ont detruit, c'est clairement monte, monte de toutes, a lache le, se fout de, ca fait
    mal, surcote, surcotee, surestime, surestimee, moche, moches, degueu, degueulasse, degoutee, beurk,
    berk, naze, pourri, pourrie, arnaqueurs, arnaqueur, arnaques, escroc, escrocs, escroquerie, foutage de
    gueule, honteux, honteuse, scandaleux, decu, decue, deception, decevant, decevante, inadmissible,
    inacceptable, ennuyant, ennuyeux, ennuyeuse, chiant, chiante, soulant, saoulant, lassant, menteur,
    menteuse, menteurs, truque, truquee, c'est bidon, du pipeau, delave, donne des boutons, plein de
    boutons, hors de prix, trop cher, trop chere, rien a voir avec, n'importe quoi, raccroche au nez,
    supporte plus, supporte pas, j'aime plus, n'aime pas, marche pas, fonctionne pas, marche plus, repond
    pas, repond jamais, repondent pas, repondent jamais, aucune reponse, pas de reponse, sans reponse,
    jamais recu, pas recu, rien recu, rien envoye, jamais envoye, jamais arrive, mieux avant, etaient mieux,
    couleur te va pas, vous va pas, toujours rien, de la merde, merde, que des pubs, trop de pubs, encore
    une pub, quelle honte, quelle deception, la honte, qui croit encore, y croit encore, qui y croit,
    toujours les memes, les memes qui gagnent, supprimez les commentaires, supprimer les commentaires,
    supprime mon commentaire, gardez votre argent, gaspillage, laisse en vu, mis en vu, meme gratuit, en
    veux pas, c'est faux, tout est faux, fout de nous, foutez de nous, vous moquez, se moque de, prenez pour
    des, pas du tout convaincue, convaincue pas, perte de temps, argent foutu, jete mon argent, a fuir,
    fuyez, j'me desabonne, je me desabonne, a eviter, rend rien"""),
    (-2.5, """bof, allergie, rougeurs, demangeaisons, irritee, ca pue, toujours pas, pas terrible, bidon,
    cassee, abime, abimee, me saoule, me soule, pas ouf, pas fou, pas top, trop court, trop petit, pas
    convaincue, pas convaincu, remboursement, remboursez"""),
)  # fmt: skip

Phrase = tuple[tuple[str, ...], int, float]


def _read() -> tuple[dict[str, float], dict[tuple[str, str], float], dict[str, list[Phrase]]]:
    words: dict[str, float] = {}
    pairs: dict[tuple[str, str], float] = {}
    phrases: dict[str, list[Phrase]] = {}
    for weight, text in _LISTED:
        for entry in text.split(","):
            match tuple(fold(entry).lower().split()):
                case (word,):
                    words[word] = weight
                case (left, right):
                    pairs[left, right] = weight
                case phrase:
                    place = max(
                        range(len(phrase)), key=lambda each: 2.5 if phrase[each] in _COMMON else len(phrase[each])
                    )
                    phrases.setdefault(phrase[place], []).append((phrase, place, weight))
    return words, pairs, phrases


_WORDS, _PAIRS, PHRASES = _read()
"""``PHRASES``: those of three words or more, by the word that they are looked for by, with its place and the weight in
logits."""


def with_everyday(weights: SentimentWeights) -> SentimentWeights:
    """The weights with the words and pairs of the list."""
    words, pairs, valences = dict(weights.words), dict(weights.pairs), dict(weights.valences)
    for word, weight in _WORDS.items():
        words[word] = _at_least(words.get(word, 0), weight)
        valences.setdefault(word, round(weight * _VALENCE, 3))
    for pair, weight in _PAIRS.items():
        pairs[pair] = pairs.get(pair, 0) + _logits(weight)
        for word in pair:
            if word not in words:
                words[word] = _guessed(word, weights)
    return replace(weights, words=words, pairs=pairs, valences=valences)


def phrase_turns(norms: Sequence[str]) -> Mapping[str, float]:
    """The phrases of three words or more that stand in a text, with their weights in logits."""
    found: dict[str, float] = {}
    for place, norm in enumerate(norms):
        for phrase, offset, weight in PHRASES.get(norm, ()):
            start = place - offset
            if start >= 0 and tuple(norms[start : start + len(phrase)]) == phrase:
                found[" ".join(phrase)] = weight
    return found


def _guessed(word: str, weights: SentimentWeights) -> int:
    """What the model makes of a word that it does not know."""
    if not (word.isascii() and word.isalpha()):
        return 0
    negative, positive = weights.ngrams[ngram_buckets(word)].sum(axis=0, dtype="i8").tolist()
    return pack(negative, positive)


def _logits(weight: float) -> int:
    size, other = round(abs(weight) * SCALE), -round(abs(weight) * SCALE * _OTHER)
    return pack(other, size) if weight > 0 else pack(size, other)


def _at_least(packed: int, weight: float) -> int:
    negative, positive = unpack(packed)
    least_negative, least_positive = unpack(_logits(weight))
    if weight > 0:
        return pack(min(negative, least_negative), max(positive, least_positive))
    return pack(max(negative, least_negative), min(positive, least_positive))
